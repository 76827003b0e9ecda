ALTER TABLE `order` DROP `drop`, ADD COLUMN `index` INT UNSIGNED NULL, CHANGE `key` `where` VARCHAR(20) NULL, ADD KEY `primary key` (`where`);

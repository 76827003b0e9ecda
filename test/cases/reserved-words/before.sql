CREATE TABLE `order` (`group` INT NOT NULL, `table` INT NOT NULL, `key` VARCHAR(10) NULL, `drop` INT NULL, PRIMARY KEY (`group`, `table`));
INSERT INTO `order` VALUES (1, 1, 'a', 2), (1, 2, 'b', NULL);

INSERT IGNORE INTO `order` (`group`, `table`, `key`) VALUES (FLOOR(RAND() * 9), FLOOR(RAND() * 9), 'c');
UPDATE `order` SET `key` = UUID_SHORT() % 1000 ORDER BY RAND() LIMIT 2;
DELETE FROM `order` WHERE `group` = 4 LIMIT 1;

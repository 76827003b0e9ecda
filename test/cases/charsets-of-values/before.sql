CREATE TABLE `naïve 表` (
  `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  `größe` VARCHAR(50) CHARACTER SET latin1 NOT NULL,
  `名前` VARCHAR(50) CHARACTER SET gbk NULL,
  `select` VARCHAR(50) CHARACTER SET utf8mb3 NULL,
  `note "x"` TEXT CHARACTER SET utf8mb4 NULL
);
INSERT INTO `naïve 表` VALUES (1, 'é€', '添加', 'ж', '🍻'), (2, '', NULL, '', 'z');

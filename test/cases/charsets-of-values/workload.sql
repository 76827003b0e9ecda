INSERT INTO `naïve 表` (`größe`, `名前`, `select`, `note "x"`) VALUES ('ñ', '普通列', 'щ', '😀');
UPDATE `naïve 表` SET `größe` = CONCAT('ü', id), `select` = 'ы' ORDER BY RAND() LIMIT 2;

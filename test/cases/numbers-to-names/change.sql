ALTER TABLE votes MODIFY choice ENUM('2', '1', '0') NOT NULL, MODIFY weight ENUM('2', '1') NOT NULL, MODIFY tags SET('2', '1') NOT NULL;

ALTER TABLE settings MODIFY name ENUM('theme', 'language', 'font', 'zoom', 'sound') NOT NULL, MODIFY value VARCHAR(60) NOT NULL;

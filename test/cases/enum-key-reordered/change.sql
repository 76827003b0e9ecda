ALTER TABLE sizes MODIFY size ENUM('m', 's', 'l') NOT NULL;

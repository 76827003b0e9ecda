CREATE TABLE settings (name ENUM('theme', 'language', 'font', 'zoom') NOT NULL PRIMARY KEY, value VARCHAR(20) NOT NULL);
INSERT INTO settings VALUES ('theme', 'dark'), ('zoom', '100');

CREATE TABLE settings (name VARCHAR(40) NOT NULL, value TEXT, UNIQUE KEY name (name));
INSERT INTO settings VALUES ('colour', 'red'), ('Size', 'l'), ('état', NULL);

CREATE TABLE sizes (size ENUM('s', 'm', 'l') NOT NULL PRIMARY KEY, stock INT NOT NULL);
INSERT INTO sizes VALUES ('s', 4), ('m', 0), ('l', 9);

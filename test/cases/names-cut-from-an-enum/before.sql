CREATE TABLE shirts (id INT NOT NULL PRIMARY KEY, size ENUM('s', 'm', 'l') NULL);
INSERT INTO shirts VALUES (1, 's'), (2, 'l'), (3, NULL);

CREATE TABLE shirts (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, size ENUM('s', 'm', 'l') NULL);
INSERT INTO shirts (size) VALUES ('s'), ('m'), ('l'), (NULL);

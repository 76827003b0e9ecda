CREATE TABLE pages (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, title VARCHAR(80) NOT NULL, body TEXT);
INSERT INTO pages (title, body) VALUES ('One', 'the first'), ('Two', 'the second');

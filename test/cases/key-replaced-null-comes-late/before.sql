CREATE TABLE articles (id INT NOT NULL PRIMARY KEY, code VARCHAR(12) NULL, n INT NOT NULL);
INSERT INTO articles VALUES (1, 'a', 0), (2, 'b', 0), (3, 'c', 0);

CREATE TABLE members (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, email VARCHAR(60) NOT NULL, n INT NOT NULL DEFAULT 0, UNIQUE KEY email (email));
INSERT INTO members (email) VALUES ('a@x'), ('B@x'), ('ç@x');

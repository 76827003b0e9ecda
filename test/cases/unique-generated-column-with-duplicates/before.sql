CREATE TABLE users (id INT NOT NULL PRIMARY KEY, email VARCHAR(40) NOT NULL);
INSERT INTO users VALUES (1, 'a@x'), (2, 'A@X'), (3, 'b@x');

CREATE TABLE logins (id INT NOT NULL PRIMARY KEY, login VARCHAR(20) COLLATE utf8mb4_bin NOT NULL, UNIQUE KEY login (login));
INSERT INTO logins VALUES (1, 'ann'), (2, 'Ann'), (3, 'bob');

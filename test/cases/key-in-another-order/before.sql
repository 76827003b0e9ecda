CREATE TABLE grid (x INT NOT NULL, y VARCHAR(10) NOT NULL, v INT NOT NULL, PRIMARY KEY (x, y));
INSERT INTO grid VALUES (1, 'a', 1), (1, 'b', 2), (2, 'a', 3), (-5, 'Z', 4);

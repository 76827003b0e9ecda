CREATE TABLE tags (id INT NOT NULL PRIMARY KEY, tag VARCHAR(20) COLLATE utf8mb4_general_ci NOT NULL, uses INT NOT NULL) DEFAULT CHARSET utf8mb4;
INSERT INTO tags VALUES (1, 'Red', 0), (2, 'red', 0), (3, 'é', 0), (4, 'e', 0);

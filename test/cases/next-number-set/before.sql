CREATE TABLE tasks (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20));
INSERT INTO tasks (name) VALUES ('a'), ('b'), ('c'), ('d'), ('e'), ('f'), ('g');
DELETE FROM tasks WHERE id > 3;

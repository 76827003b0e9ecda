CREATE TABLE members (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  score INT NULL,
  grade INT NOT NULL DEFAULT 0
);
INSERT INTO members (score, grade) VALUES (NULL, 1), (7, 2), (9, 3);

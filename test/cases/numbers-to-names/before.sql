CREATE TABLE votes (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  choice INT NOT NULL,
  weight DOUBLE NOT NULL,
  tags TINYINT NOT NULL
);
INSERT INTO votes (choice, weight, tags) VALUES (0, 1, 1), (1, 2, 2), (2, 2, 1);

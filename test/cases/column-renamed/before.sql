CREATE TABLE readings (
  id INT NOT NULL AUTO_INCREMENT,
  low INT NOT NULL,
  high INT NOT NULL,
  `unit of``it` VARCHAR(10) NOT NULL DEFAULT 'K',
  PRIMARY KEY (id)
);
INSERT INTO readings (low, high) VALUES (1, 2), (3, 4), (-5, 5);

CREATE TABLE articles (
  id INT NOT NULL AUTO_INCREMENT,
  code VARCHAR(12) CHARACTER SET latin1 NOT NULL,
  price DECIMAL(8,2) NOT NULL,
  kept VARCHAR(10) NOT NULL DEFAULT 'none',
  PRIMARY KEY (id)
);
INSERT INTO articles (code, price, kept) VALUES ('A-1', 1, 'a'), ('b-2', 2.5, 'b'), ('É-3', 3, 'c'), ('d', 0, 'd');

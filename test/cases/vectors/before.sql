CREATE TABLE passages (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  text VARCHAR(60) NOT NULL,
  meaning VECTOR(3) NOT NULL,
  mood VECTOR(4) NULL
);
INSERT INTO passages (text, meaning, mood) VALUES
  ('nothing', STRING_TO_VECTOR('[0, 0, 0]'), NULL), ('much', STRING_TO_VECTOR('[1e30, -1e-5, 123456789.5]'), STRING_TO_VECTOR('[0, 1, 0, 1]'));

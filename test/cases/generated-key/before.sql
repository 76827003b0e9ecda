CREATE TABLE documents (
  id INT NOT NULL AUTO_INCREMENT,
  body JSON NOT NULL,
  name VARCHAR(40) CHARACTER SET utf8mb4 GENERATED ALWAYS AS (JSON_UNQUOTE(JSON_EXTRACT(body, '$.name'))) STORED NOT NULL,
  v INT NOT NULL DEFAULT 0,
  kept INT NOT NULL DEFAULT 3,
  PRIMARY KEY (name, id),
  KEY (id)
);
INSERT INTO documents (body, kept) VALUES ('{"name": "a"}', 1), ('{"name": "B", "n": 1}', 2), ('{"name": "é"}', 4);

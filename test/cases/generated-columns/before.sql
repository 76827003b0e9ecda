CREATE TABLE parcels (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  width INT NOT NULL,
  height INT NOT NULL,
  area INT GENERATED ALWAYS AS (width * height) STORED,
  label VARCHAR(40) GENERATED ALWAYS AS (CONCAT(width, 'x', height)) VIRTUAL,
  data JSON NOT NULL,
  code VARCHAR(20) GENERATED ALWAYS AS (JSON_UNQUOTE(JSON_EXTRACT(data, '$.code'))) VIRTUAL,
  UNIQUE KEY code (code)
);
INSERT INTO parcels (width, height, data) VALUES (2, 3, '{"code": "a"}'), (4, 5, '{"code": "b", "more": [1, null]}');

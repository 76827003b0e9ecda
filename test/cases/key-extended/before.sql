CREATE TABLE visits (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  seen DATETIME(6) NOT NULL,
  page VARCHAR(40) NOT NULL,
  legacy INT NOT NULL DEFAULT 5
);
INSERT INTO visits (seen, page, legacy) VALUES
  ('2024-01-01 00:00:00.000001', '/', 1), ('2024-01-01 00:00:00.000002', '/shop', 2), ('2024-01-02 03:04:05', '/', 3);
INSERT INTO visits (seen, page) SELECT a.seen + INTERVAL b.id HOUR, b.page FROM visits a, visits b;

CREATE TABLE visits (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  page VARCHAR(60) NOT NULL,
  seconds INT NULL,
  KEY page (page)
);
INSERT INTO visits (page, seconds) VALUES ('/', 3), ('/cart', NULL), ('/pay', 61), ('/', 0);

CREATE TABLE prices (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  net DECIMAL(8, 2) NOT NULL,
  gross DECIMAL(8, 2) NOT NULL,
  CONSTRAINT sane CHECK (net >= 0),
  CHECK (gross >= net)
);
INSERT INTO prices (net, gross) VALUES (1, 1.19), (0, 0), (99999.99, 999999.99);

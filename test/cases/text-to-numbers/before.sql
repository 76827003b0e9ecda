CREATE TABLE vouchers (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  serial VARCHAR(20) NOT NULL,
  worth CHAR(12) NULL,
  weight TEXT NOT NULL
);
INSERT INTO vouchers (serial, worth, weight) VALUES
  ('0001', '7.5', '1.0'), (' 12', '007.50', '-2e3'), ('+3', NULL, '0.1'), ('-0', '-0.250', '12345678.9'), ('0100', '99999999.99', '.5');

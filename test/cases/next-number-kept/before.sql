CREATE TABLE invoices (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, total INT NOT NULL);
INSERT INTO invoices (total) VALUES (1), (2), (3), (4), (5), (6), (7);
DELETE FROM invoices WHERE id > 4;

INSERT INTO vouchers (serial, worth, weight) VALUES (FLOOR(RAND() * 1000), ROUND(RAND() * 50, 2), FLOOR(RAND() * 100) / 8);
UPDATE vouchers SET serial = serial + 1 ORDER BY RAND() LIMIT 1;

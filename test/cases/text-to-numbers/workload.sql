INSERT INTO vouchers (serial, worth, weight) VALUES (LPAD(FLOOR(RAND() * 1000), 7, '0'), ROUND(RAND() * 50, 1), CONCAT(FLOOR(RAND() * 100), '.00'));
UPDATE vouchers SET serial = CONCAT('0', serial) WHERE serial NOT LIKE '% %' AND LENGTH(serial) < 15 AND serial > '0' ORDER BY RAND() LIMIT 1;

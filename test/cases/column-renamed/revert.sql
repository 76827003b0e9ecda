INSERT INTO readings (low, high, unit) VALUES (FLOOR(RAND() * 100), 7, 'C');
UPDATE readings SET low = low + 1 ORDER BY RAND() LIMIT 2;

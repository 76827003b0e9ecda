INSERT INTO readings (low, high) VALUES (FLOOR(RAND() * 100), 100 + FLOOR(RAND() * 100));
UPDATE readings SET high = high + 1 ORDER BY RAND() LIMIT 2;
DELETE FROM readings WHERE low = 42;

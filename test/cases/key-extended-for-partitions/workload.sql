INSERT INTO readings (taken, v) VALUES ('2023-12-30' + INTERVAL FLOOR(RAND() * 4) DAY, 0);
UPDATE readings SET taken = taken + INTERVAL 1 DAY, v = v + 1 ORDER BY RAND() LIMIT 2;
UPDATE readings SET v = v + 1 ORDER BY RAND() LIMIT 2;
DELETE FROM readings WHERE id % 7 = 0 LIMIT 1;

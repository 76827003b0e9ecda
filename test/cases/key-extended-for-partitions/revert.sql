UPDATE readings SET taken = taken - INTERVAL 1 DAY ORDER BY RAND() LIMIT 2;
INSERT INTO readings (taken, v) VALUES ('2024-01-01', 8);

INSERT INTO samples (n, d, f) VALUES (FLOOR(RAND() * 1000), RAND() * 100, RAND());
UPDATE samples SET n = n + 1, f = f * 2 ORDER BY RAND() LIMIT 2;

INSERT INTO prices (exact, net, whole, twice) VALUES (FLOOR(RAND() * 1000), FLOOR(RAND() * 1000) / 100, FLOOR(RAND() * 1000000), FLOOR(RAND() * 1000) / 8);
UPDATE prices SET whole = whole + 1 WHERE whole < 1000000 ORDER BY RAND() LIMIT 1;

INSERT INTO prices (net, gross) VALUES (RAND() * 100, 100 + RAND() * 100);
UPDATE prices SET gross = gross + 0.01 WHERE gross < 500 ORDER BY RAND() LIMIT 2;

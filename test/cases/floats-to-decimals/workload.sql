INSERT INTO prices (exact, net, whole, twice) VALUES (RAND() * 1000, FLOOR(RAND() * 1000) / 100, FLOOR(RAND() * 1000000), FLOOR(RAND() * 1000) / 8);
UPDATE prices SET net = net + 1, exact = exact / 3 ORDER BY RAND() LIMIT 1;

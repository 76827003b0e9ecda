INSERT INTO rates (f, d, e) VALUES (RAND(), RAND(), RAND() * 1000);
UPDATE rates SET f = f / 3 ORDER BY RAND() LIMIT 1;

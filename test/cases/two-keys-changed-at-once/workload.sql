INSERT INTO one (id, code) SELECT MAX(id) + 1, LEFT(UUID(), 8) FROM one;
INSERT INTO two (a, b) SELECT FLOOR(RAND() * 10), MAX(b) + 1 FROM two;
UPDATE one SET code = LEFT(UUID(), 8), n = n + 1 ORDER BY RAND() LIMIT 1;
UPDATE two SET a = a + 1, n = n + 1 ORDER BY RAND() LIMIT 1;

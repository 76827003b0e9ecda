UPDATE one SET code = LEFT(UUID(), 8), n = n + 1 ORDER BY RAND() LIMIT 1;
UPDATE two SET a = a + 1, n = n + 1 ORDER BY RAND() LIMIT 1;

INSERT INTO documents (body) VALUES (JSON_OBJECT('name', LEFT(UUID(), 8)));
UPDATE documents SET body = JSON_SET(body, '$.name', LEFT(UUID(), 8)) ORDER BY RAND() LIMIT 1;
UPDATE documents SET v = v + 1 ORDER BY RAND() LIMIT 2;
DELETE FROM documents WHERE id % 5 = 0 LIMIT 1;

INSERT INTO pages (title, body) VALUES (UUID(), UUID());
UPDATE pages SET body = UUID() ORDER BY RAND() LIMIT 2;
DELETE FROM pages WHERE id % 5 = 0 LIMIT 1;

INSERT INTO items SELECT FLOOR(RAND() * 4), MAX(id) + 1, FLOOR(RAND() * 100), 'new' FROM items;
UPDATE items SET tenant = tenant + 1 ORDER BY RAND() LIMIT 1;
UPDATE items SET id = id + 500000 WHERE id > 4 AND id < 500000 ORDER BY RAND() LIMIT 1;
UPDATE items SET position = -position ORDER BY RAND() LIMIT 2;
DELETE FROM items WHERE id % 5 = 0 AND id > 4 LIMIT 1;
DELETE FROM items WHERE id = -5;
INSERT INTO items VALUES (FLOOR(RAND() * 9), -5, 9, 'comes and goes');
UPDATE IGNORE items SET id = CASE id WHEN 1 THEN 2 ELSE 1 END WHERE id IN (1, 2);

UPDATE items SET tenant = tenant + 1 ORDER BY RAND() LIMIT 2;
INSERT IGNORE INTO items VALUES (7, 77, 1, 'late');
DELETE FROM items WHERE id = 77;

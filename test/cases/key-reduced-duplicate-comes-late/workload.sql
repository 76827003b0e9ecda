UPDATE items SET tenant = tenant + 2 WHERE id = 1;
INSERT IGNORE INTO items SELECT 9, 2, 'too late' FROM items WHERE tenant > 50 LIMIT 1;

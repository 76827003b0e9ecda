INSERT INTO articles (code, price) SELECT CONCAT('n-', MAX(id) + 1), 7 FROM articles;
UPDATE articles SET code = CONCAT('u-', id, '-', FLOOR(price)), price = price + 1 ORDER BY RAND() LIMIT 2;
UPDATE articles SET code = UPPER(code) ORDER BY RAND() LIMIT 1;
UPDATE articles SET id = id + 100000 WHERE id > 4 AND id < 100000 ORDER BY RAND() LIMIT 1;
DELETE FROM articles WHERE id % 5 = 0 LIMIT 1;

UPDATE articles SET code = CONCAT('r-', id, '-', FLOOR(price)), price = price + 1 ORDER BY RAND() LIMIT 2;
INSERT INTO articles (id, code, price) SELECT MAX(id) + 1, CONCAT('late-', MAX(id)), 1 FROM articles;
DELETE FROM articles WHERE code LIKE 'late%' ORDER BY id LIMIT 1;

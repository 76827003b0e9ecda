INSERT INTO members (email) SELECT CONCAT('m', MAX(id) + 1, '@x') FROM members;
UPDATE members SET email = CONCAT('u', id, '.', n, '@x'), n = n + 1 ORDER BY RAND() LIMIT 1;
DELETE FROM members WHERE id % 7 = 0 LIMIT 1;

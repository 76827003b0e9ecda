UPDATE members SET email = CONCAT('r', id, '.', n, '@x'), n = n + 1 ORDER BY RAND() LIMIT 1;
INSERT INTO members (id, email) SELECT MAX(id) + 1, CONCAT('late', MAX(id), '@x') FROM members;

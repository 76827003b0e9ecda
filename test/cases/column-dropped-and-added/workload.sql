INSERT INTO members (score, grade) VALUES (NULLIF(FLOOR(RAND() * 9), 3), FLOOR(RAND() * 9));
UPDATE members SET score = 5 ORDER BY RAND() LIMIT 1;

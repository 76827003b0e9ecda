INSERT INTO votes (choice, weight, tags) VALUES (FLOOR(RAND() * 3), 1 + FLOOR(RAND() * 2), 1 + FLOOR(RAND() * 2));
UPDATE votes SET choice = 2 - choice ORDER BY RAND() LIMIT 2;

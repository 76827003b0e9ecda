INSERT INTO votes (choice, weight, tags) VALUES (ELT(1 + FLOOR(RAND() * 3), '0', '1', '2'), '1', '2');
UPDATE votes SET choice = '1', weight = '2' WHERE choice = '2' ORDER BY RAND() LIMIT 1;

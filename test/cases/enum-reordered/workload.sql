INSERT INTO shirts (size) VALUES (ELT(1 + FLOOR(RAND() * 3), 's', 'm', 'l'));
UPDATE shirts SET size = 'm' WHERE size = 's' ORDER BY RAND() LIMIT 1;

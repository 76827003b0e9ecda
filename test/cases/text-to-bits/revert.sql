INSERT INTO switches (state) VALUES (FLOOR(RAND() * 200));
UPDATE switches SET state = state ^ b'1' ORDER BY RAND() LIMIT 1;

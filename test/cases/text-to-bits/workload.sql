INSERT INTO switches (state) VALUES (FLOOR(RAND() * 200));

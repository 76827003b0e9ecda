INSERT INTO posts (title) VALUES (REPEAT('x', 5 + FLOOR(RAND() * 10)));

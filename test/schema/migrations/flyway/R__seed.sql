REPLACE INTO users (id, email, name) VALUES (1, 'a@example.com', 'A');

INSERT INTO transfers (account, amount) VALUES (1 + FLOOR(RAND() * 2), FLOOR(RAND() * 10));
UPDATE accounts SET balance = balance - 1 WHERE id = 1;
UPDATE accounts SET balance = balance + 1 WHERE id = 2;

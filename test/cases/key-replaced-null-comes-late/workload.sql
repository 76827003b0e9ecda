UPDATE articles SET n = n + 1;
UPDATE articles SET code = NULL WHERE n > 50 AND id = 2;

UPDATE articles SET n = n + 1;

UPDATE words SET b = CONCAT('坏', n, a), n = n + 1 ORDER BY RAND() LIMIT 2;

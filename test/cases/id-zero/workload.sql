UPDATE counters SET n = n + 1;
INSERT INTO counters (n) VALUES (1) ON DUPLICATE KEY UPDATE n = n + 1;
DELETE FROM counters WHERE id = 2147483647;

INSERT IGNORE INTO tickets SELECT MAX(id) + 1, FLOOR(RAND() * 5), NOW(6) FROM tickets;
UPDATE IGNORE tickets SET event = event + 5 ORDER BY RAND() LIMIT 1;

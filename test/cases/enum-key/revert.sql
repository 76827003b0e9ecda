INSERT IGNORE INTO seats (hall, number, flags, holder) VALUES (1 + FLOOR(RAND() * 3), FLOOR(RAND() * 40), FLOOR(RAND() * 4), 'later');
UPDATE IGNORE seats SET hall = 'East' WHERE hall = 'north' ORDER BY RAND() LIMIT 1;
DELETE FROM seats WHERE flags = 'window' ORDER BY RAND() LIMIT 1;

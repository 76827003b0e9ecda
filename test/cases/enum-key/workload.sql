INSERT IGNORE INTO seats VALUES (1 + FLOOR(RAND() * 3), FLOOR(RAND() * 40), FLOOR(RAND() * 4), 'guest');
UPDATE seats SET holder = CONCAT('guest ', FLOOR(RAND() * 1000)) WHERE hall = 'south' ORDER BY RAND() LIMIT 3;
UPDATE IGNORE seats SET hall = 'East' WHERE hall = 'north' ORDER BY RAND() LIMIT 1;
DELETE FROM seats WHERE flags = 'aisle,window' ORDER BY RAND() LIMIT 1;

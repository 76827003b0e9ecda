INSERT IGNORE INTO words VALUES (CONCAT('Grün', FLOOR(RAND() * 60)), ELT(1 + FLOOR(RAND() * 2), 'de', 'en'), 'zażółć');
UPDATE words SET word = UPPER(word) WHERE language = 'de' ORDER BY RAND() LIMIT 1;
DELETE FROM words WHERE word LIKE 'grün1%' ORDER BY RAND() LIMIT 1;

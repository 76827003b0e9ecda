INSERT INTO visits (page, seconds) VALUES (CONCAT('/p', FLOOR(RAND() * 30)), FLOOR(RAND() * 500));
UPDATE visits SET seconds = seconds + 1 WHERE page LIKE '/p1%' ORDER BY id LIMIT 4;
DELETE FROM visits WHERE seconds > 400 ORDER BY id LIMIT 2;

INSERT INTO visits (seen, page) VALUES (NOW(6), '/late');
UPDATE visits SET seen = NOW(6) ORDER BY RAND() LIMIT 2;
DELETE FROM visits WHERE page = '/late' AND id % 2 = 0 LIMIT 1;

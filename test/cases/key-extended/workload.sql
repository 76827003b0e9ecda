INSERT INTO visits (seen, page) VALUES (NOW(6), '/new');
UPDATE visits SET seen = NOW(6) ORDER BY RAND() LIMIT 2;
UPDATE visits SET page = CONCAT('/', id) ORDER BY RAND() LIMIT 1;
UPDATE visits SET id = id + 1000000 ORDER BY id DESC LIMIT 1;
DELETE FROM visits WHERE id % 5 = 0 AND id > 20 LIMIT 1;

INSERT INTO parcels (width, height, data) VALUES (FLOOR(RAND() * 9), 4, JSON_OBJECT('code', UUID_SHORT()));
UPDATE parcels SET height = height + 1 ORDER BY RAND() LIMIT 2;

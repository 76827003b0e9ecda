INSERT INTO parcels (width, height, data) VALUES (FLOOR(RAND() * 9), FLOOR(RAND() * 9), JSON_OBJECT('code', UUID_SHORT()));
UPDATE parcels SET width = width + 1, data = JSON_SET(data, '$.moved', TRUE) ORDER BY RAND() LIMIT 2;
DELETE FROM parcels WHERE area = 6 LIMIT 1;

INSERT INTO rates (f, d, e) VALUES ('0.5', '0.25', '0.125');
UPDATE rates SET f = '0.3' ORDER BY RAND() LIMIT 1;

INSERT INTO samples (number, d, f) VALUES ('5', '1.5', '0.25');
UPDATE samples SET number = '6', d = '2.5' ORDER BY RAND() LIMIT 1;

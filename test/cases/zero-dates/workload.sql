INSERT INTO bookings (day, seen) VALUES ('0000-00-00', NULL), (NOW(), NOW());
UPDATE bookings SET day = '2024-00-00' ORDER BY RAND() LIMIT 1;

CREATE TABLE seats (place INT NOT NULL, flight INT NOT NULL, passenger INT NOT NULL, UNIQUE KEY seat (flight, place), UNIQUE KEY person (flight, passenger));
INSERT INTO seats VALUES (1, 1, 10), (2, 1, 20), (1, 2, 30), (2, 2, 10);

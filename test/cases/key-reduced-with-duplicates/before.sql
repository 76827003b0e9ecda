CREATE TABLE items (tenant INT NOT NULL, id INT NOT NULL, note VARCHAR(20), PRIMARY KEY (tenant, id));
INSERT INTO items VALUES (1, 1, 'a'), (1, 2, 'b'), (2, 2, 'c'), (3, 4, NULL);

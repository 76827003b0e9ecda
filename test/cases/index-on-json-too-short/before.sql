CREATE TABLE docs (id INT NOT NULL PRIMARY KEY, doc JSON NOT NULL);
INSERT INTO docs VALUES (1, '{"name": "short"}'), (2, '{"name": "longer than ten"}');

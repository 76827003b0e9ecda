CREATE TABLE notes (id INT NOT NULL PRIMARY KEY, note TEXT);
INSERT INTO notes VALUES (7, 'a'), (9, 'b');

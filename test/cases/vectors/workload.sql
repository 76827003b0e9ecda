INSERT INTO passages (text, meaning, mood) VALUES ('new', STRING_TO_VECTOR(CONCAT('[', RAND(), ', 0, 0]')), NULL);
UPDATE passages SET meaning = STRING_TO_VECTOR('[0, 0, 0]'), mood = STRING_TO_VECTOR('[0, 0, 0, 0]') ORDER BY RAND() LIMIT 1;
DELETE FROM passages WHERE text = 'new' ORDER BY RAND() LIMIT 1;

INSERT INTO digests (short, loose, large) VALUES (LEFT(UUID(), 4), LEFT(UUID(), 16), UUID_SHORT());
UPDATE digests SET short = LEFT(UUID(), 1) ORDER BY RAND() LIMIT 1;
DELETE FROM digests ORDER BY RAND() LIMIT 1;

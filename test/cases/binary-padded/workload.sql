INSERT INTO digests (short, loose, large) VALUES (LEFT(UUID(), 3), LEFT(UUID(), 8), UUID_SHORT());
UPDATE digests SET short = LEFT(UUID(), 2), loose = NULL ORDER BY RAND() LIMIT 1;

CREATE TABLE digests (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  short BINARY(4) NOT NULL,
  loose VARBINARY(16) NULL,
  large BLOB NOT NULL
);
INSERT INTO digests (short, loose, large) VALUES
  ('ab', 'ab', 'ab'), (x'00', x'61ff', ''), ('abcd', NULL, x'0102'), ('', REPEAT(x'0100', 8), REPEAT(x'00', 20)), ('a b ', ' ', 'ends with blanks  ');

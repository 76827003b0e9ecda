CREATE TABLE words (
  word VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_german1_ci NOT NULL,
  language CHAR(2) CHARACTER SET ascii NOT NULL,
  meaning TEXT CHARACTER SET latin2 NULL,
  PRIMARY KEY (word, language)
);
INSERT INTO words VALUES ('Äpfel', 'de', 'łatwo'), ('apfel', 'nl', NULL), ('ß', 'de', 'ő'), ('x ', 'en', '');

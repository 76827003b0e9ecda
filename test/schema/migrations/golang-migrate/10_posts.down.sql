ALTER TABLE users DROP COLUMN name;
RENAME TABLE posts TO articles;

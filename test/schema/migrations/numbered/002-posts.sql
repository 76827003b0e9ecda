SET NAMES utf8mb4;
SET foreign_key_checks = 0;
DROP TABLE IF EXISTS posts;
CREATE TABLE posts (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  author_id BIGINT NOT NULL,
  title VARCHAR(50) NOT NULL DEFAULT '',
  KEY posts_author (author_id),
  CONSTRAINT posts_author_fk FOREIGN KEY (author_id) REFERENCES users (id) ON DELETE CASCADE
) COLLATE=utf8mb4_unicode_ci;
INSERT INTO users (email) VALUES ('a@example.com'), ('b;c@example.com');

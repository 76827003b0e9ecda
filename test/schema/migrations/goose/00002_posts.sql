-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE posts (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  author_id BIGINT NOT NULL,
  title VARCHAR(200) NOT NULL DEFAULT '',
  KEY posts_author (author_id),
  CONSTRAINT posts_author_fk FOREIGN KEY (author_id) REFERENCES users (id) ON DELETE CASCADE
) COLLATE=utf8mb4_unicode_ci;

-- +goose StatementBegin
CREATE PROCEDURE tidy()
BEGIN
  DELETE FROM posts WHERE title = '';
  DELETE FROM users WHERE name IS NULL;
END;
-- +goose StatementEnd

-- +goose Down
DROP PROCEDURE tidy;
DROP TABLE posts;

-- +goose Up
CREATE TABLE users (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  email VARCHAR(190) NOT NULL,
  name VARCHAR(100),
  UNIQUE KEY users_email (email)
) COLLATE=utf8mb4_unicode_ci;

-- +goose Down
DROP TABLE users;

-- migrate:up
CREATE TABLE users (
  id BIGINT NOT NULL AUTO_INCREMENT,
  email VARCHAR(190) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY users_email (email)
) COLLATE=utf8mb4_unicode_ci;

-- migrate:down
DROP TABLE users;

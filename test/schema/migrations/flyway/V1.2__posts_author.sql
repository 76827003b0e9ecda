ALTER TABLE posts ADD INDEX posts_author (author_id),
  ADD CONSTRAINT posts_author_fk FOREIGN KEY (author_id) REFERENCES users (id) ON DELETE CASCADE;

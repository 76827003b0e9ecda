ALTER TABLE shirts MODIFY size ENUM('s', 'm') NULL;

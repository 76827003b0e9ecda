ALTER TABLE shirts MODIFY size ENUM('xs', 'l', 'm', 's') NULL;

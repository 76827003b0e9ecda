ALTER TABLE slots ADD UNIQUE KEY place (place);

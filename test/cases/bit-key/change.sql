ALTER TABLE masks MODIFY ready BIT(4) NOT NULL, ADD KEY owner (owner);

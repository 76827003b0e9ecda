ALTER TABLE accounts MODIFY balance BIGINT NOT NULL;
ALTER TABLE transfers ADD made_at DATETIME NULL, ADD KEY account (account);

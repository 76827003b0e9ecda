ALTER TABLE tickets DROP PRIMARY KEY, DROP KEY event_issued, ADD PRIMARY KEY (event, issued), ADD UNIQUE KEY id (id);

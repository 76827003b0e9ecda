ALTER TABLE places MODIFY raw BLOB NULL, ADD KEY facts ((CAST(facts ->> '$.name' AS CHAR(40)))), ADD words TEXT NULL, ADD FULLTEXT KEY words (words);

ALTER TABLE docs ADD KEY name ((CAST(doc ->> '$.name' AS CHAR(10))));

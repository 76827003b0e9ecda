ALTER TABLE notes ADD KEY text (text), ENGINE = MyISAM;

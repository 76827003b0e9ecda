CREATE TABLE seats (
  hall ENUM('north', 'south', 'East') NOT NULL,
  number INT NOT NULL,
  flags SET('aisle', 'window') NOT NULL,
  holder VARCHAR(40) NULL,
  PRIMARY KEY (number, hall, flags)
);
INSERT INTO seats VALUES (1, 1, '', 'Ada'), (2, 1, 'aisle', NULL), (3, 1, 'aisle,window', 'Bo'), ('East', 2, 'window', 'Cy');

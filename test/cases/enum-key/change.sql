ALTER TABLE seats
  MODIFY hall ENUM('north', 'south', 'East', 'west') NOT NULL,
  MODIFY flags SET('aisle', 'window', 'lift') NOT NULL,
  ADD price DECIMAL(6, 2) NOT NULL DEFAULT 12.50;

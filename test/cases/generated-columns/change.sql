ALTER TABLE parcels
  CHANGE label name VARCHAR(60) GENERATED ALWAYS AS (CONCAT(height, 'x', width)) VIRTUAL,
  ADD perimeter INT GENERATED ALWAYS AS (2 * (width + height)) VIRTUAL AFTER height,
  MODIFY area BIGINT GENERATED ALWAYS AS (width * height) STORED;

UPDATE slots SET place = NULL WHERE id = 1;
UPDATE slots SET place = 1 WHERE id = 2;
UPDATE slots SET place = 2 WHERE id = 1;
UPDATE slots SET place = NULL WHERE id = 2;
UPDATE slots SET place = 1 WHERE id = 1;
UPDATE slots SET place = 2 WHERE id = 2;

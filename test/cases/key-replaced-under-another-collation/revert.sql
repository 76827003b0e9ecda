UPDATE tags SET tag = CONCAT('r', id, '.', uses), uses = uses + 1 ORDER BY RAND() LIMIT 1;

UPDATE items SET tenant = tenant + 2 WHERE id = 1;

UPDATE tasks SET name = LEFT(UUID(), 20) WHERE id = 2;

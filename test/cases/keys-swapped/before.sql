CREATE TABLE tickets (
  id BIGINT NOT NULL,
  event INT NOT NULL,
  issued TIMESTAMP(6) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY event_issued (event, issued)
);
INSERT INTO tickets VALUES (10, 1, '2024-03-31 00:59:59.999999'), (11, 1, '2024-03-31 03:00:00.000001');

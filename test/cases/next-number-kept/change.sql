ALTER TABLE invoices ADD KEY total (total);

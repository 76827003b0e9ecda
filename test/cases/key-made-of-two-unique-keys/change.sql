ALTER TABLE seats DROP KEY person, DROP KEY seat, ADD PRIMARY KEY (passenger, flight, place);

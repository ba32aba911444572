-- Schedules that wait for events are claimed in the order in which they were looked at last, however many there are.
CREATE INDEX schedules_awaiting ON schedules (claimed_until NULLS FIRST) WHERE event_seq IS NOT NULL AND state = 'active';

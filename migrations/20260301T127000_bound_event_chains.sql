-- How many fires that events made lie behind a fire, itself included: 0 for one of the clock. Schedules whose runs make each other fire end by it.
ALTER TABLE schedule_fires
    ADD COLUMN depth int NOT NULL DEFAULT 0 CHECK (depth >= 0),
    DROP CONSTRAINT schedule_fires_reason_check,
    ADD CONSTRAINT schedule_fires_reason_check CHECK (reason IN ('missed', 'overlap', 'not_ready', 'loop'));

-- Those that were looked at longest ago are looked at first.
DROP INDEX schedules_by_event;
CREATE INDEX schedules_by_event ON schedules (tenant_id, claimed_until) WHERE event_seq IS NOT NULL AND state = 'active';

-- What happened to the runs and the schedules of a definition is found by the id of that definition. It stands in the payload, which no index
-- reaches under row-level security, for what looks into it might tell of others' rows; so it is a column, too.
ALTER TABLE events ADD COLUMN definition_id uuid GENERATED ALWAYS AS (
    CASE WHEN type LIKE 'execution.%' AND type <> 'execution.progress' OR type LIKE 'schedule.%'
        THEN (payload ->> 'definition_id')::uuid END) STORED;
CREATE INDEX events_by_definition ON events (tenant_id, definition_id, seq) WHERE definition_id IS NOT NULL;

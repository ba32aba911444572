-- Tasks beside agents, and when definitions run by themselves: schedules, what is due of them, and every fire of each, written once. Whatever node
-- looks at a schedule, a fire is a row that only one of them can write, in the transaction that enqueues the run.
ALTER TABLE definitions DROP CONSTRAINT definitions_kind_check, DROP CONSTRAINT definitions_state_check;
ALTER TABLE definitions
    ADD CONSTRAINT definitions_kind_check CHECK (kind IN ('agent', 'task', 'flow', 'automation')),
    -- An agent is created, running, paused or stopped; everything else is active, paused or archived.
    ADD CONSTRAINT definitions_state_check CHECK (
        CASE kind WHEN 'agent' THEN state IN ('created', 'running', 'paused', 'stopped')
            ELSE state IN ('active', 'paused', 'archived') END);
CREATE INDEX definitions_by_kind ON definitions (tenant_id, kind, id DESC);

CREATE TABLE schedules (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    definition_id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    kind text NOT NULL CHECK (kind IN ('interval', 'cron', 'at', 'event', 'completion_of')),
    trigger jsonb NOT NULL,
    input jsonb NOT NULL,
    missed jsonb NOT NULL,
    overlap text NOT NULL CHECK (overlap IN ('skip', 'buffer_one', 'cancel', 'allow')),
    state text NOT NULL CHECK (state IN ('active', 'paused', 'ended')),
    -- Where the steps of an interval are counted from.
    anchor_at timestamptz NOT NULL,
    next_fire_at timestamptz,
    -- When a node has to look at it: for the next fire, or because a fire waits for the run before it.
    due_at timestamptz,
    -- A node looks at it; a hint to the others, no lock.
    claimed_until timestamptz,
    -- Up to which event it has looked, if it waits for events.
    event_seq bigint,
    last_execution_id uuid,
    last_fired_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revision bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, definition_id) REFERENCES definitions ON DELETE CASCADE
) WITH (fillfactor = 70);

CREATE INDEX schedules_due ON schedules (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX schedules_by_event ON schedules (tenant_id) WHERE event_seq IS NOT NULL AND state = 'active';
CREATE INDEX schedules_by_definition ON schedules (tenant_id, definition_id);

-- Each fire by when it was planned, and by the event that made it, 0 for those of the clock.
CREATE TABLE schedule_fires (
    tenant_id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    planned_at timestamptz NOT NULL,
    event_seq bigint NOT NULL DEFAULT 0,
    outcome text NOT NULL CHECK (outcome IN ('started', 'buffered', 'skipped')),
    reason text CHECK (reason IN ('missed', 'overlap', 'not_ready')),
    -- A row of what was missed stands for all fires from `planned_at` to before this.
    until timestamptz,
    execution_id uuid,
    fired_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, schedule_id, planned_at, event_seq),
    FOREIGN KEY (tenant_id, schedule_id) REFERENCES schedules ON DELETE CASCADE,
    CHECK ((outcome = 'skipped') = (reason IS NOT NULL)),
    CHECK ((outcome = 'started') = (execution_id IS NOT NULL))
);

CREATE UNIQUE INDEX schedule_fires_buffered ON schedule_fires (tenant_id, schedule_id) WHERE outcome = 'buffered';
CREATE INDEX schedule_fires_by_execution ON schedule_fires (tenant_id, execution_id) WHERE execution_id IS NOT NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['schedules', 'schedule_fires'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant ON %I TO PUBLIC '
            'USING (tenant_id = (SELECT nullif(current_setting(''insula.tenant'', true), '''')::uuid))', name);
        PERFORM insula_keep_house(name::regclass);
    END LOOP;
END
$$;

-- A node sees which are due, and nothing of what they are.
CREATE POLICY worker ON schedules TO insula_worker USING (true);
GRANT SELECT (tenant_id, id, state, due_at, claimed_until, event_seq), UPDATE (claimed_until) ON schedules TO insula_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON schedules, schedule_fires TO insula_app;

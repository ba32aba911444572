-- Executions that start later, wait, pause, have children and spend money; the signals that wake them; and a queue that is claimed in fair
-- order, within the bounds of tenant, definition and key. What is live has a row in the queue; what that row says decides who may touch it.
ALTER TABLE executions DROP CONSTRAINT executions_state_check, DROP CONSTRAINT executions_trigger_check;
ALTER TABLE executions
    ADD CONSTRAINT executions_state_check CHECK (state IN (
        'scheduled', 'queued', 'running', 'waiting', 'paused', 'retry_wait', 'cancelling',
        'succeeded', 'failed', 'timed_out', 'cancelled', 'indeterminate')),
    ADD CONSTRAINT executions_trigger_check CHECK (trigger IN (
        'manual', 'webhook', 'interval', 'cron', 'at', 'event', 'completion_of', 'call')),
    -- Who waits for it, and how many stand above it.
    ADD COLUMN parent_id uuid,
    ADD COLUMN depth int NOT NULL DEFAULT 0 CHECK (depth BETWEEN 0 AND 8),
    ADD COLUMN tokens bigint NOT NULL DEFAULT 0 CHECK (tokens >= 0),
    ADD COLUMN cost_microdollars bigint NOT NULL DEFAULT 0 CHECK (cost_microdollars >= 0),
    -- 0 is what everybody has; each level is worth ten seconds of waiting.
    ADD COLUMN priority int NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 9),
    ADD COLUMN concurrency_key text CHECK (char_length(concurrency_key) BETWEEN 1 AND 100),
    ADD COLUMN start_at timestamptz,
    -- The longest time without a word from its work.
    ADD COLUMN idle_timeout_milliseconds int CHECK (idle_timeout_milliseconds BETWEEN 1000 AND 86400000),
    -- Until then it must have ended, waits included.
    ADD COLUMN deadline_at timestamptz,
    -- The time that it has waited and been paused, which its timeout does not count, and since when it does so now.
    ADD COLUMN rested_milliseconds bigint NOT NULL DEFAULT 0,
    ADD COLUMN rested_since timestamptz,
    ADD COLUMN paused_from text CHECK (paused_from IN ('scheduled', 'queued', 'waiting', 'retry_wait')),
    -- The last fence, for one that is taken up again.
    ADD COLUMN epoch bigint NOT NULL DEFAULT 0,
    ADD COLUMN error_class text CHECK (char_length(error_class) BETWEEN 1 AND 40),
    -- What it repeats, and from which step on; the whole when no step is named.
    ADD COLUMN origin_id uuid,
    ADD COLUMN origin_step text CHECK (char_length(origin_step) BETWEEN 1 AND 200),
    ADD FOREIGN KEY (tenant_id, parent_id) REFERENCES executions ON DELETE SET NULL (parent_id),
    ADD FOREIGN KEY (tenant_id, origin_id) REFERENCES executions ON DELETE SET NULL (origin_id);

CREATE INDEX executions_by_parent ON executions (tenant_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX executions_by_origin ON executions (tenant_id, origin_id) WHERE origin_id IS NOT NULL;
CREATE INDEX executions_by_state ON executions (tenant_id, state, id DESC);

ALTER TABLE execution_queue
    ADD COLUMN priority int NOT NULL DEFAULT 0,
    -- Rows of one lane are claimed in the order of `ready_at`. Whoever is under a bound of his own has a lane of his own.
    ADD COLUMN lane uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    ADD COLUMN lane_limit int CHECK (lane_limit > 0),
    ADD COLUMN definition_limit int CHECK (definition_limit > 0),
    -- Nobody takes it up; whoever holds it lets go at its next step.
    ADD COLUMN is_paused boolean NOT NULL DEFAULT false,
    -- Unless somebody holds it, it is taken up to be ended: when no one has taken it by the first moment, and at the second in any case.
    ADD COLUMN starts_by timestamptz,
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN parent_id uuid,
    -- What wakes it before `ready_at`: a signal of one of these names, or the end of all these children.
    ADD COLUMN waits_for text[],
    ADD COLUMN awaits uuid[];

-- A tenant that is halted is passed over by its state; its work keeps the times that it had.
UPDATE execution_queue SET ready_at = clock_timestamp() WHERE ready_at = 'infinity';

DROP INDEX execution_queue_ready;
CREATE INDEX execution_queue_ready ON execution_queue (tenant_id, lane, ready_at) WHERE node_id IS NULL AND NOT is_paused;
CREATE INDEX execution_queue_expiring
    ON execution_queue ((CASE WHEN epoch = 0 THEN least(starts_by, expires_at) ELSE expires_at END))
    WHERE node_id IS NULL AND (starts_by IS NOT NULL OR expires_at IS NOT NULL);
CREATE INDEX execution_queue_parents ON execution_queue (tenant_id) WHERE awaits IS NOT NULL;
DROP INDEX execution_queue_cancelled;
CREATE INDEX execution_queue_asked ON execution_queue (node_id) WHERE cancel_requested OR is_paused;

-- How much each tenant was served, in the order of fairness.
CREATE TABLE queue_shares (
    tenant_id uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
    served float8 NOT NULL
) WITH (fillfactor = 50);

ALTER TABLE execution_steps DROP CONSTRAINT execution_steps_status_check;
ALTER TABLE execution_steps
    ADD CONSTRAINT execution_steps_status_check
        CHECK (status IN ('started', 'waiting', 'succeeded', 'failed', 'indeterminate', 'abandoned')),
    ADD COLUMN tokens bigint NOT NULL DEFAULT 0 CHECK (tokens >= 0),
    ADD COLUMN cost_microdollars bigint NOT NULL DEFAULT 0 CHECK (cost_microdollars >= 0),
    -- What it waits for, and how often it has begun to wait.
    ADD COLUMN wait jsonb,
    ADD COLUMN waits int NOT NULL DEFAULT 0;

-- What was sent to an execution from outside. The sender's id makes the second delivery the same as the first.
CREATE TABLE execution_signals (
    tenant_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    id text NOT NULL CHECK (char_length(id) BETWEEN 1 AND 100),
    seq bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    payload jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The step that took it, and which of its waits.
    taken_by text,
    taken_wait int,
    PRIMARY KEY (tenant_id, execution_id, id),
    FOREIGN KEY (tenant_id, execution_id) REFERENCES executions ON DELETE CASCADE
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['queue_shares', 'execution_signals'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant ON %I TO PUBLIC '
            'USING (tenant_id = (SELECT nullif(current_setting(''insula.tenant'', true), '''')::uuid))', name);
        PERFORM insula_keep_house(name::regclass);
    END LOOP;
END
$$;

CREATE POLICY worker ON queue_shares TO insula_worker USING (true);
-- Of tenants the queue sees what they have subscribed to, and whether they are halted.
CREATE POLICY worker ON tenants FOR SELECT TO insula_worker USING (true);
GRANT SELECT (tenant_id, plan, quotas, state) ON tenants TO insula_worker;
GRANT SELECT, INSERT, UPDATE ON queue_shares TO insula_worker;
GRANT SELECT ON queue_shares TO insula_app;
GRANT SELECT, INSERT, UPDATE ON execution_signals TO insula_app;

-- No plan keeps what has ended for less.
DROP POLICY housekeeper ON executions;
DROP POLICY housekeeper_bounds ON executions;
SELECT insula_keep_house('executions', 'finished_at < now() - interval ''30 days''');

-- The processes that serve and work. They belong to no tenant.
CREATE TABLE nodes (
    id uuid PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('all', 'api', 'worker')),
    version text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    running int NOT NULL
) WITH (fillfactor = 50);

GRANT SELECT, INSERT, UPDATE, DELETE ON nodes TO insula_worker;
GRANT SELECT ON nodes TO insula_operator;

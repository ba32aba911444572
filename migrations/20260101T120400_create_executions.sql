-- One run, its journal and its log, and apart from that history the short queue of what is ready or leased: a claim costs the same
-- whatever has run before. The queue's epoch is the fence: whoever writes for an execution must hold the epoch of its queue row.
CREATE TABLE executions (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    definition_id uuid NOT NULL,
    definition_version int NOT NULL,
    state text NOT NULL CHECK (state IN (
        'queued', 'running', 'retry_wait', 'cancelling', 'succeeded', 'failed', 'timed_out', 'cancelled', 'indeterminate')),
    trigger text NOT NULL CHECK (trigger IN ('manual')),
    input jsonb NOT NULL,
    output jsonb,
    error jsonb,
    attempt int NOT NULL DEFAULT 0,
    max_attempts int NOT NULL CHECK (max_attempts BETWEEN 1 AND 20),
    timeout_milliseconds int NOT NULL CHECK (timeout_milliseconds BETWEEN 1000 AND 86400000),
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, definition_id) REFERENCES definitions ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, definition_id, definition_version) REFERENCES definition_versions
);

CREATE INDEX executions_by_definition ON executions (tenant_id, definition_id, id DESC);

CREATE TABLE execution_queue (
    tenant_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    definition_id uuid NOT NULL,
    ready_at timestamptz NOT NULL DEFAULT now(),
    epoch bigint NOT NULL DEFAULT 0,
    crash_count int NOT NULL DEFAULT 0,
    node_id uuid,
    lease_expires_at timestamptz,
    cancel_requested boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, execution_id),
    FOREIGN KEY (tenant_id, execution_id) REFERENCES executions ON DELETE CASCADE,
    CHECK ((node_id IS NULL) = (lease_expires_at IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

CREATE INDEX execution_queue_ready ON execution_queue (ready_at) WHERE node_id IS NULL;
CREATE INDEX execution_queue_by_definition ON execution_queue (tenant_id, definition_id);
CREATE INDEX execution_queue_leased ON execution_queue (lease_expires_at) WHERE node_id IS NOT NULL;
CREATE INDEX execution_queue_cancelled ON execution_queue (node_id) WHERE cancel_requested;

CREATE TABLE execution_steps (
    tenant_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    step_key text NOT NULL CHECK (char_length(step_key) BETWEEN 1 AND 200),
    tool text NOT NULL,
    effect text NOT NULL CHECK (effect IN ('pure', 'idempotent', 'unsafe')),
    input_hash bytea NOT NULL CHECK (octet_length(input_hash) = 32),
    input jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('started', 'succeeded', 'failed')),
    attempt int NOT NULL,
    epoch bigint NOT NULL,
    output jsonb,
    error jsonb,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, execution_id, step_key),
    FOREIGN KEY (tenant_id, execution_id) REFERENCES executions ON DELETE CASCADE
);

CREATE TABLE execution_logs (
    tenant_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    level text NOT NULL CHECK (level IN ('debug', 'info', 'warn', 'error')),
    message text NOT NULL,
    metadata jsonb NOT NULL,
    PRIMARY KEY (tenant_id, execution_id, seq),
    FOREIGN KEY (tenant_id, execution_id) REFERENCES executions ON DELETE CASCADE
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['executions', 'execution_queue', 'execution_steps', 'execution_logs'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant ON %I TO PUBLIC '
            'USING (tenant_id = (SELECT nullif(current_setting(''insula.tenant'', true), '''')::uuid))', name);
    END LOOP;
END
$$;

CREATE POLICY worker ON execution_queue TO insula_worker USING (true);

GRANT SELECT, INSERT, UPDATE ON executions, execution_steps TO insula_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON execution_queue TO insula_app;
GRANT SELECT, INSERT ON execution_logs TO insula_app;
GRANT SELECT, UPDATE ON execution_queue TO insula_worker;

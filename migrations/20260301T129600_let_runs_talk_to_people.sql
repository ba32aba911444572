-- Runs that ask people and write to them: what waits for an answer is found by an index, a signal says who sent it, and each message to
-- members is on record.
ALTER TABLE execution_signals ADD COLUMN sender text CHECK (char_length(sender) BETWEEN 1 AND 60);

CREATE INDEX execution_steps_asking ON execution_steps (tenant_id, execution_id, step_key)
    WHERE status = 'waiting' AND tool = 'human_approval';

CREATE TABLE notifications (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    -- It stays when its execution is deleted, since it counts.
    execution_id uuid NOT NULL,
    step_key text NOT NULL CHECK (char_length(step_key) BETWEEN 1 AND 200),
    subject text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 150),
    recipients text[] NOT NULL CHECK (cardinality(recipients) BETWEEN 1 AND 50),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id)
);

CREATE INDEX notifications_by_time ON notifications (tenant_id, created_at);

ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON notifications TO PUBLIC
    USING (tenant_id = (SELECT nullif(current_setting('insula.tenant', true), '')::uuid));
GRANT SELECT, INSERT ON notifications TO insula_app;
SELECT insula_keep_house('notifications', 'created_at < now() - interval ''30 days''');

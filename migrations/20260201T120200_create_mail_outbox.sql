-- Mail that is to be sent: written by the transaction that asks for it, so that one is there exactly when the other is. Recipient, subject
-- and body are sealed under the root key, since bodies carry links that open something once; the body goes as soon as it was sent.
CREATE TABLE mail_outbox (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    recipient bytea NOT NULL CHECK (octet_length(recipient) <= 512),
    subject bytea NOT NULL CHECK (octet_length(subject) <= 1024),
    body bytea CHECK (octet_length(body) <= 131072),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'sent', 'failed')),
    -- Attempts that were begun. Whoever writes how one ended must hold its number: it is the fence.
    attempts int NOT NULL DEFAULT 0,
    -- When the next attempt may begin; of a mail that is being sent, when the lease of its node ends.
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    node_id uuid,
    -- How the last attempt failed: the stage and the code of the reply, nothing of the mail.
    last_failure text CHECK (char_length(last_failure) <= 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK ((state = 'sending') = (node_id IS NOT NULL)),
    CHECK ((state IN ('sent', 'failed')) = (finished_at IS NOT NULL)),
    CHECK ((state IN ('sent', 'failed')) = (body IS NULL))
);

CREATE INDEX mail_outbox_due ON mail_outbox (next_attempt_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX mail_outbox_held ON mail_outbox (node_id) WHERE state = 'sending';
CREATE INDEX mail_outbox_finished ON mail_outbox (finished_at) WHERE state IN ('sent', 'failed');

ALTER TABLE mail_outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE mail_outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON mail_outbox TO PUBLIC
    USING (tenant_id = (SELECT nullif(current_setting('insula.tenant', true), '')::uuid));
-- The worker finds what is due in all tenants and takes it; it can't read what is in it. What it may remove is only what is long over.
CREATE POLICY worker_finds ON mail_outbox FOR SELECT TO insula_worker USING (true);
CREATE POLICY worker_takes ON mail_outbox FOR UPDATE TO insula_worker USING (state IN ('waiting', 'sending'));
CREATE POLICY worker_removes ON mail_outbox FOR DELETE TO insula_worker
    USING (state IN ('sent', 'failed') AND finished_at < now() - interval '30 days');

GRANT SELECT, INSERT, UPDATE ON mail_outbox TO insula_app;
GRANT SELECT (tenant_id, id, state, attempts, next_attempt_at, node_id, finished_at),
    UPDATE (state, attempts, next_attempt_at, node_id), DELETE ON mail_outbox TO insula_worker;

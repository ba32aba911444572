-- The first answers to operators' requests that carry an Idempotency-Key, as those of tenants are kept: written by the transaction that does
-- what was asked for, the body sealed.
CREATE TABLE operator_idempotency_keys (
    operator_id uuid NOT NULL REFERENCES operators,
    -- Of actor, method, path and key.
    id bytea NOT NULL CHECK (octet_length(id) = 32),
    -- Of the body.
    request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
    status smallint NOT NULL CHECK (status BETWEEN 200 AND 499),
    revision bigint,
    body bytea NOT NULL CHECK (octet_length(body) <= 2097152),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    PRIMARY KEY (operator_id, id)
);

CREATE INDEX operator_idempotency_keys_by_expiry ON operator_idempotency_keys (expires_at);

ALTER TABLE operator_idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE operator_idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY installation ON operator_idempotency_keys TO insula_operator USING (true) WITH CHECK (true);
CREATE POLICY housekeeper ON operator_idempotency_keys TO insula_housekeeper
    USING (current_user = 'insula_housekeeper' AND expires_at < now());

GRANT SELECT, INSERT, UPDATE ON operator_idempotency_keys TO insula_operator;
GRANT SELECT, DELETE ON operator_idempotency_keys TO insula_housekeeper;

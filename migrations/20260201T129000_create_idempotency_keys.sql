-- The first answer to a request that carries an Idempotency-Key, so that sending it again does nothing twice. It is written by the
-- transaction that does what was asked for. The body is sealed under the root key: it may hold what is shown once.
CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    -- Of actor, method, path and key.
    id bytea NOT NULL CHECK (octet_length(id) = 32),
    -- Of the body.
    request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
    status smallint NOT NULL CHECK (status BETWEEN 200 AND 499),
    revision bigint,
    body bytea NOT NULL CHECK (octet_length(body) <= 2097152),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    PRIMARY KEY (tenant_id, id)
);

CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON idempotency_keys TO PUBLIC
    USING (tenant_id = (SELECT nullif(current_setting('insula.tenant', true), '')::uuid));

GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO insula_app;

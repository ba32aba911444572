-- People and programs that act for a tenant. A key's row can also be read by whoever names its id before the tenant is known: that is
-- how a credential finds its tenant without any right to look across tenants.
CREATE TABLE users (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    username text NOT NULL CHECK (char_length(username) BETWEEN 1 AND 64),
    email text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT users_username_key UNIQUE (tenant_id, username),
    CONSTRAINT users_email_key UNIQUE (tenant_id, email)
);

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON users TO PUBLIC
    USING (tenant_id = (SELECT nullif(current_setting('insula.tenant', true), '')::uuid));

CREATE TABLE api_keys (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);

CREATE INDEX api_keys_by_id ON api_keys (id);

ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON api_keys TO PUBLIC
    USING (tenant_id = (SELECT nullif(current_setting('insula.tenant', true), '')::uuid));
CREATE POLICY credential ON api_keys FOR SELECT TO insula_app
    USING (id = (SELECT nullif(current_setting('insula.credential', true), '')::uuid));

GRANT SELECT, INSERT, UPDATE ON users, api_keys TO insula_app;

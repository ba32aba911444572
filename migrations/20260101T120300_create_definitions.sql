-- What can be run. A definition's body lives in immutable versions, so that what runs finishes on the version it began with.
CREATE TABLE definitions (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('agent')),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    description text NOT NULL CHECK (char_length(description) <= 2000),
    state text NOT NULL CHECK (state IN ('created', 'running', 'paused', 'stopped')),
    version int NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE definition_versions (
    tenant_id uuid NOT NULL,
    definition_id uuid NOT NULL,
    version int NOT NULL CHECK (version > 0),
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, definition_id, version),
    FOREIGN KEY (tenant_id, definition_id) REFERENCES definitions ON DELETE CASCADE
);

ALTER TABLE definitions ENABLE ROW LEVEL SECURITY;
ALTER TABLE definitions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON definitions TO PUBLIC
    USING (tenant_id = (SELECT nullif(current_setting('insula.tenant', true), '')::uuid));
ALTER TABLE definition_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE definition_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON definition_versions TO PUBLIC
    USING (tenant_id = (SELECT nullif(current_setting('insula.tenant', true), '')::uuid));

GRANT SELECT, INSERT, UPDATE, DELETE ON definitions TO insula_app;
GRANT SELECT, INSERT ON definition_versions TO insula_app;

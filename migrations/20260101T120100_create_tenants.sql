-- A tenant is an organisation; everything else belongs to one. Its own row is visible inside its own scope alone, and to the operator,
-- who lists and creates tenants but sees nothing of what they hold.
CREATE TABLE tenants (
    tenant_id uuid PRIMARY KEY,
    slug text NOT NULL CONSTRAINT tenants_slug_key UNIQUE CONSTRAINT tenants_slug_check CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    plan text NOT NULL DEFAULT 'free' CHECK (plan IN ('free', 'developer', 'professional', 'enterprise')),
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended', 'deleting')),
    -- Signs what is handed to clients and comes back, such as cursors.
    signing_key bytea NOT NULL CHECK (octet_length(signing_key) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tenants TO insula_app
    USING (tenant_id = (SELECT nullif(current_setting('insula.tenant', true), '')::uuid));
CREATE POLICY operator ON tenants TO CURRENT_USER USING (true) WITH CHECK (true);

GRANT SELECT ON tenants TO insula_app;

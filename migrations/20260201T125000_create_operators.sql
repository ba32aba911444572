-- Who runs the installation is nobody's tenant: operators have keys, a role and a log of their own. Their role reaches the tenants' own
-- rows, and of what tenants hold what it takes to make one, to count and to halt; it reads no person, no key and no work.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['insula_operator', 'insula_housekeeper'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', wanted);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
        END;
        IF NOT pg_has_role(current_user, wanted, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
        END IF;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA public TO insula_operator, insula_housekeeper;

CREATE TABLE operators (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

-- Everything that operators do. What concerns a tenant stands in its own audit log as well.
CREATE TABLE operator_log (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    action text NOT NULL,
    -- NULL for what the server does by itself.
    operator_id uuid REFERENCES operators,
    -- No reference: the line outlives the tenant.
    about_tenant uuid,
    target_id uuid,
    address inet,
    request_id text NOT NULL CHECK (char_length(request_id) <= 64),
    details jsonb NOT NULL
);

CREATE INDEX operator_log_by_tenant ON operator_log (about_tenant, id DESC);

-- What makes a tenant where signing up is by invitation: one each, once.
CREATE TABLE signup_codes (
    id uuid PRIMARY KEY DEFAULT insula_uuid7(),
    hash bytea NOT NULL CONSTRAINT signup_codes_hash_key UNIQUE CHECK (octet_length(hash) = 32),
    note text NOT NULL DEFAULT '' CHECK (char_length(note) <= 200),
    created_by uuid REFERENCES operators,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    used_by uuid,
    revoked_at timestamptz,
    CHECK ((used_at IS NULL) = (used_by IS NULL))
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['operators', 'operator_log', 'signup_codes'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        -- No tenant's: privileges decide who reaches it.
        EXECUTE format('CREATE POLICY installation ON %I TO PUBLIC USING (true) WITH CHECK (true)', name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT ON operators, operator_log, signup_codes TO insula_operator;
GRANT UPDATE (name, revoked_at) ON operators TO insula_operator;
GRANT UPDATE (revoked_at) ON signup_codes TO insula_operator;
-- Who has a code finds it by its hash and uses it up.
GRANT SELECT (id, hash, expires_at, used_at, revoked_at), UPDATE (used_at, used_by) ON signup_codes TO insula_app;

-- The tenants, but for what signs their cursors.
CREATE POLICY installation ON tenants TO insula_operator USING (true) WITH CHECK (true);
GRANT SELECT (
    tenant_id, slug, name, plan, state, settings, quotas, revision, suspended_at, deletes_at, created_at, updated_at
), INSERT, UPDATE (name, plan, quotas, state, suspended_at, deletes_at, revision, updated_at) ON tenants TO insula_operator;

-- What it takes to give a new tenant its owner, and to count; always within the tenant that is named.
GRANT SELECT (tenant_id, id), INSERT ON users TO insula_operator;
GRANT SELECT (tenant_id, id, name, role, role_id, scopes, created_at, expires_at, revoked_at, revision), INSERT
    ON api_keys TO insula_operator;
GRANT SELECT (tenant_id, id, kind, state) ON definitions TO insula_operator;
GRANT INSERT ON audit_log TO insula_operator;

-- What it takes to halt a tenant's work and to let it go on.
GRANT SELECT (tenant_id, execution_id, node_id, ready_at, epoch), UPDATE (ready_at, epoch, node_id, lease_expires_at)
    ON execution_queue TO insula_operator;

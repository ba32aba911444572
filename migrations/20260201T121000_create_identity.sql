-- People, what they may do, how they are recognised, and what was done: roles, accounts, sessions, invitations, single-use links, second
-- factors and the audit log. Nothing that opens anything is stored as it is: it is hashed, or sealed under the root key.
ALTER TABLE tenants
    ADD COLUMN settings jsonb NOT NULL DEFAULT '{}',
    -- What a contract sets otherwise than the plan.
    ADD COLUMN quotas jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN revision int NOT NULL DEFAULT 1,
    ADD COLUMN suspended_at timestamptz,
    ADD COLUMN deletes_at timestamptz,
    ADD CHECK ((state = 'deleting') = (deletes_at IS NOT NULL));

GRANT UPDATE (name, settings, state, suspended_at, deletes_at, revision, updated_at) ON tenants TO insula_app;

-- How somebody who is nobody yet finds the tenant he names: its id and no more.
CREATE FUNCTION insula_tenant(wanted text) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS 'SELECT tenant_id FROM public.tenants WHERE slug = wanted';
REVOKE ALL ON FUNCTION insula_tenant(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION insula_tenant(text) TO insula_app;

CREATE TABLE roles (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 1000),
    scopes text[] NOT NULL,
    revision int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT roles_name_key UNIQUE (tenant_id, name)
);

ALTER TABLE users
    ALTER COLUMN role DROP NOT NULL,
    ADD COLUMN role_id uuid,
    -- What people call him; username and email are normalised.
    ADD COLUMN name text NOT NULL DEFAULT '' CHECK (char_length(name) <= 100),
    ADD COLUMN state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled', 'unverified')),
    ADD COLUMN email_verified_at timestamptz,
    ADD COLUMN password_changed_at timestamptz NOT NULL DEFAULT now(),
    -- A one-time password opens nothing but the way to a new one.
    ADD COLUMN must_change_password boolean NOT NULL DEFAULT false,
    ADD COLUMN last_login_at timestamptz,
    -- The second factor: sealed, good once confirmed; the last step that was used, so that no code works twice.
    ADD COLUMN totp_secret bytea,
    ADD COLUMN totp_confirmed_at timestamptz,
    ADD COLUMN totp_last_step bigint NOT NULL DEFAULT 0,
    ADD COLUMN revision int NOT NULL DEFAULT 1,
    ADD CONSTRAINT users_role_check_one CHECK (num_nonnulls(role, role_id) = 1),
    ADD CONSTRAINT users_role_fkey FOREIGN KEY (tenant_id, role_id) REFERENCES roles;

CREATE INDEX users_by_role ON users (tenant_id, role_id) WHERE role_id IS NOT NULL;

GRANT DELETE ON users TO insula_app;

ALTER TABLE api_keys
    ALTER COLUMN role DROP NOT NULL,
    ADD COLUMN role_id uuid,
    -- Of the role's rights only these; NULL for all of them.
    ADD COLUMN scopes text[],
    ADD COLUMN allowed_addresses cidr[],
    ADD COLUMN requests_per_minute int CHECK (requests_per_minute > 0),
    ADD COLUMN created_by uuid,
    ADD COLUMN last_used_at timestamptz,
    -- The text before the last rotation, good until its overlap ends.
    ADD COLUMN previous_hash bytea CHECK (octet_length(previous_hash) = 32),
    ADD COLUMN previous_until timestamptz,
    ADD COLUMN revision int NOT NULL DEFAULT 1,
    ADD CONSTRAINT api_keys_role_check_one CHECK (num_nonnulls(role, role_id) = 1),
    ADD CONSTRAINT api_keys_role_fkey FOREIGN KEY (tenant_id, role_id) REFERENCES roles,
    ADD CHECK ((previous_hash IS NULL) = (previous_until IS NULL));

CREATE INDEX api_keys_by_role ON api_keys (tenant_id, role_id) WHERE role_id IS NOT NULL;

ALTER TABLE definitions ADD COLUMN revision int NOT NULL DEFAULT 1;
CREATE INDEX definitions_running ON definitions (tenant_id) WHERE state = 'running';

CREATE TABLE sessions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('token', 'cookie', 'impersonation')),
    -- Of the cookie's secret.
    hash bytea CHECK (octet_length(hash) = 32),
    refresh_counter int NOT NULL DEFAULT 0,
    refreshed_at timestamptz NOT NULL DEFAULT now(),
    -- Authentication methods (RFC 8176), and when the person last showed one.
    amr text[] NOT NULL,
    authenticated_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    idle_seconds int NOT NULL CHECK (idle_seconds > 0),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text,
    address inet,
    user_agent text CHECK (char_length(user_agent) <= 200),
    impersonator_kind text CHECK (impersonator_kind IN ('user', 'operator')),
    impersonator_id uuid,
    reason text CHECK (char_length(reason) BETWEEN 1 AND 500),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users ON DELETE CASCADE,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK ((kind = 'cookie') = (hash IS NOT NULL)),
    CHECK ((kind = 'impersonation') = (num_nonnulls(impersonator_kind, impersonator_id, reason) = 3))
);

CREATE INDEX sessions_by_user ON sessions (tenant_id, user_id, id DESC);
CREATE INDEX sessions_by_id ON sessions (id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- A browser or a program in which somebody has logged in before, and which therefore goes on working while strangers guess.
CREATE TABLE devices (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users ON DELETE CASCADE
);

CREATE INDEX devices_by_user ON devices (tenant_id, user_id, id DESC);

CREATE TABLE recovery_codes (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    used_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users ON DELETE CASCADE
);

CREATE INDEX recovery_codes_by_user ON recovery_codes (tenant_id, user_id);

-- What a link in a mail is good for, once: to verify an address, to reset a password, to change an address.
CREATE TABLE account_links (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('verify_email', 'reset_password', 'change_email')),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    -- The new address, of a change.
    email text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users ON DELETE CASCADE
);

CREATE INDEX account_links_by_user ON account_links (tenant_id, user_id, purpose);

CREATE TABLE invitations (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    email text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
    role text CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    role_id uuid,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    invited_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, role_id) REFERENCES roles,
    CHECK (num_nonnulls(role, role_id) = 1)
);

CREATE INDEX invitations_by_role ON invitations (tenant_id, role_id) WHERE role_id IS NOT NULL;

CREATE TABLE audit_log (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    action text NOT NULL,
    result text NOT NULL CHECK (result IN ('succeeded', 'refused')),
    actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'key', 'operator', 'nobody')),
    actor_id uuid,
    impersonator_kind text CHECK (impersonator_kind IN ('user', 'operator')),
    impersonator_id uuid,
    target_id uuid,
    address inet,
    request_id text NOT NULL CHECK (char_length(request_id) <= 64),
    details jsonb NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE INDEX audit_log_by_actor ON audit_log (tenant_id, actor_id, id DESC);
CREATE INDEX audit_log_by_target ON audit_log (tenant_id, target_id, id DESC);
CREATE INDEX audit_log_by_action ON audit_log (tenant_id, action, id DESC);

-- A UUIDv7 (RFC 9562, section 5.7) of the present moment.
CREATE FUNCTION insula_uuid7() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
        || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid
$$;

-- Writes a line of the audit log in the tenant of the transaction. Meant for the RETURNING list of the statement that makes the change:
-- the line is there exactly when the change is.
CREATE FUNCTION insula_audit(entry jsonb, target uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO audit_log (
        tenant_id, id, at, action, result, actor_kind, actor_id, impersonator_kind, impersonator_id, target_id, address, request_id,
        details)
    VALUES (
        nullif(current_setting('insula.tenant', true), '')::uuid, insula_uuid7(), clock_timestamp(), entry->>'action', entry->>'result',
        entry->>'actor_kind', (entry->>'actor_id')::uuid, entry->>'impersonator_kind', (entry->>'impersonator_id')::uuid, target,
        (entry->>'address')::inet, left(entry->>'request_id', 64), coalesce(entry->'details', '{}'));
    RETURN true;
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'roles', 'sessions', 'devices', 'recovery_codes', 'account_links', 'invitations', 'audit_log'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant ON %I TO PUBLIC '
            'USING (tenant_id = (SELECT nullif(current_setting(''insula.tenant'', true), '''')::uuid))', name);
    END LOOP;
END
$$;

-- A session's cookie finds its tenant as a key does.
CREATE POLICY credential ON sessions FOR SELECT TO insula_app
    USING (id = (SELECT nullif(current_setting('insula.credential', true), '')::uuid));

GRANT SELECT, INSERT, UPDATE, DELETE ON roles, sessions, devices, recovery_codes, account_links, invitations TO insula_app;
-- Append-only: nothing that serves a request can change or remove a line.
GRANT SELECT, INSERT ON audit_log TO insula_app;

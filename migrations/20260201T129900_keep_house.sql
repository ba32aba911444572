-- What is over is removed by a role that can remove nothing else: rows of tenants whose time to come back has passed, and rows so old that
-- nothing asks for them any more. The bounds stand here, in policies, so that a mistake in the program can't pass them.
CREATE INDEX sessions_by_end ON sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX account_links_by_expiry ON account_links (expires_at);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);
CREATE INDEX tenants_by_deletion ON tenants (deletes_at) WHERE deletes_at IS NOT NULL;

-- Puts a tenant's table under the housekeeper: rows of tenants that are due, and those for which `old` holds. For migrations that make
-- tables to call. Members of the role who did not take it, such as the owner, gain and lose nothing by this.
CREATE FUNCTION insula_keep_house(kept regclass, old text DEFAULT 'false') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    condition text := format(
        '(tenant_id IN (SELECT t.tenant_id FROM tenants t WHERE t.state = ''deleting'' AND t.deletes_at <= now()) OR (%s))', old);
BEGIN
    EXECUTE format(
        'CREATE POLICY housekeeper ON %s TO insula_housekeeper USING (current_user = ''insula_housekeeper'' AND %s)',
        kept, condition);
    -- A tenant that is named in the transaction opens nothing further.
    EXECUTE format(
        'CREATE POLICY housekeeper_bounds ON %s AS RESTRICTIVE TO insula_housekeeper '
        'USING (current_user <> ''insula_housekeeper'' OR %s)', kept, condition);
    EXECUTE format('GRANT SELECT, DELETE ON %s TO insula_housekeeper', kept);
END
$$;
REVOKE ALL ON FUNCTION insula_keep_house(regclass, text) FROM PUBLIC;

DO $$
DECLARE
    kept regclass;
BEGIN
    FOR kept IN
        SELECT a.attrelid::regclass FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE a.attname = 'tenant_id' AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND c.relname NOT IN (
                'tenants', 'sessions', 'account_links', 'invitations', 'idempotency_keys', 'audit_log')
    LOOP
        PERFORM insula_keep_house(kept);
    END LOOP;
END
$$;

SELECT insula_keep_house('sessions', 'least(ended_at, expires_at) < now() - interval ''30 days''');
SELECT insula_keep_house('account_links', 'least(used_at, expires_at) < now() - interval ''1 day''');
SELECT insula_keep_house('invitations', 'least(accepted_at, revoked_at, expires_at) < now() - interval ''30 days''');
SELECT insula_keep_house('idempotency_keys', 'expires_at < now()');
-- No plan and no contract keeps the log for less.
SELECT insula_keep_house('audit_log', 'at < now() - interval ''30 days''');

-- Of tenants it sees which plan they have, and removes those whose time has come.
CREATE POLICY housekeeper ON tenants FOR SELECT TO insula_housekeeper USING (current_user = 'insula_housekeeper');
CREATE POLICY housekeeper_removes ON tenants FOR DELETE TO insula_housekeeper
    USING (current_user = 'insula_housekeeper' AND state = 'deleting' AND deletes_at <= now());
GRANT SELECT (tenant_id, plan, quotas, state, deletes_at), DELETE ON tenants TO insula_housekeeper;
GRANT INSERT ON operator_log TO insula_housekeeper;

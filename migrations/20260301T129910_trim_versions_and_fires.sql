-- Each edit of a definition makes a version. Those that a run which is kept is of stay, as do the present one and the newest hundred; the rest is
-- removed in parts. The housekeeper sees neither definitions nor runs of anybody: the function looks for it, tenant by tenant, and the
-- bound stands here.
CREATE INDEX definitions_edited ON definitions (tenant_id, id) WHERE version > 100;
CREATE INDEX executions_by_version ON executions (tenant_id, definition_id, definition_version);

CREATE FUNCTION insula_trim_versions(tenants uuid[], most bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
DECLARE
    kept CONSTANT integer := 100;
    before text := coalesce(current_setting('insula.tenant', true), '');
    tenant uuid;
    gone bigint;
    total bigint := 0;
BEGIN
    FOREACH tenant IN ARRAY tenants LOOP
        EXIT WHEN total >= most;
        PERFORM set_config('insula.tenant', tenant::text, true);
        DELETE FROM definition_versions o
        WHERE (o.tenant_id, o.definition_id, o.version) IN (
            SELECT v.tenant_id, v.definition_id, v.version
            FROM definitions d
            JOIN definition_versions v ON (v.tenant_id, v.definition_id) = (d.tenant_id, d.id) AND v.version <= d.version - kept
            WHERE d.tenant_id = tenant AND d.version > 100 AND NOT EXISTS (
                SELECT FROM executions x
                WHERE (x.tenant_id, x.definition_id, x.definition_version) = (v.tenant_id, v.definition_id, v.version))
            LIMIT most - total);
        GET DIAGNOSTICS gone = ROW_COUNT;
        total := total + gone;
    END LOOP;
    PERFORM set_config('insula.tenant', before, true);
    RETURN total;
END
$$;
REVOKE ALL ON FUNCTION insula_trim_versions(uuid[], bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION insula_trim_versions(uuid[], bigint) TO insula_housekeeper;

-- Who looks at a schedule forgets its fires of a month ago. Those of a schedule that has ended, or is paused, nobody looks at.
CREATE INDEX schedule_fires_by_time ON schedule_fires (planned_at) WHERE outcome <> 'buffered';
DROP POLICY housekeeper ON schedule_fires;
DROP POLICY housekeeper_bounds ON schedule_fires;
SELECT insula_keep_house(
    'schedule_fires',
    'planned_at < now() - interval ''30 days'' AND outcome <> ''buffered'' OR '
    '(tenant_id, schedule_id) IN (SELECT s.tenant_id, s.id FROM schedules s WHERE s.state = ''deleted'') OR '
    '(tenant_id, schedule_id) IN (SELECT s.tenant_id, s.id FROM schedules s '
    'JOIN definitions d ON (d.tenant_id, d.id) = (s.tenant_id, s.definition_id) WHERE d.state = ''deleted'')');

-- Whoever is asked to pause while a worker holds it stands still before its next step. When that worker is lost before, or hands back,
-- nobody says so: nobody takes up what is to stand still. So that it does is said here, in the change that takes the lease away.
CREATE FUNCTION insula_pause_freed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
DECLARE
    before text := coalesce(current_setting('insula.tenant', true), '');
BEGIN
    -- For these changes alone: a worker belongs to no tenant.
    PERFORM set_config('insula.tenant', NEW.tenant_id::text, true);
    WITH paused AS (
        UPDATE executions e
        SET state = 'paused', paused_from = 'queued', rested_since = coalesce(e.rested_since, clock_timestamp()),
            updated_at = clock_timestamp()
        WHERE e.tenant_id = NEW.tenant_id AND e.id = NEW.execution_id AND e.state = 'running'
        RETURNING e.*
    )
    INSERT INTO event_outbox (tenant_id, type, ref, payload)
    SELECT tenant_id, 'execution.paused', id, jsonb_strip_nulls(jsonb_build_object(
        'definition_id', definition_id, 'state', state, 'attempt', attempt, 'parent_id', parent_id))
    FROM paused;
    PERFORM set_config('insula.tenant', before, true);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION insula_pause_freed() FROM PUBLIC;

CREATE TRIGGER pause_freed AFTER UPDATE OF node_id ON execution_queue
    FOR EACH ROW WHEN (OLD.node_id IS NOT NULL AND NEW.node_id IS NULL AND NEW.is_paused)
    EXECUTE FUNCTION insula_pause_freed();

-- Whoever acts as another does so out of a session of his own, and no longer than that lasts; an operator, no longer than his key does.
ALTER TABLE sessions ADD COLUMN begun_from uuid;

CREATE INDEX sessions_by_impersonator ON sessions (tenant_id, impersonator_id) WHERE impersonator_id IS NOT NULL;

-- Whether an operator's key is good: that, and nothing else of him. Asked of every session in which he acts as somebody.
CREATE FUNCTION insula_operator_acts(wanted uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS 'SELECT EXISTS (SELECT FROM public.operators WHERE id = wanted AND revoked_at IS NULL)';
REVOKE ALL ON FUNCTION insula_operator_acts(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION insula_operator_acts(uuid) TO insula_app;

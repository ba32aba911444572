-- The body of a version as it is at this moment. Who waited for the row of a definition holds its newest version, which his statement,
-- begun before that was written, does not see; a function that is volatile does.
CREATE FUNCTION insula_body(tenant uuid, definition uuid, wanted integer) RETURNS jsonb
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, public
    AS $$
    SELECT body FROM definition_versions WHERE (tenant_id, definition_id, version) = (tenant, definition, wanted)
$$;

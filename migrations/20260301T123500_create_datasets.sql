-- What a tenant keeps for its tools: named sets of records, each an object under a key. A set knows how many records it has and how many
-- bytes they are; whoever writes records changes these figures in the same transaction, under the tenant's lock, so that they are exact.
CREATE TABLE datasets (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    description text NOT NULL CHECK (char_length(description) <= 2000),
    record_count bigint NOT NULL DEFAULT 0 CHECK (record_count >= 0),
    bytes bigint NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    revision bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT datasets_name_key UNIQUE (tenant_id, name)
) WITH (fillfactor = 70);

-- Keys are compared by their bytes, so that their order is the same everywhere.
CREATE TABLE dataset_records (
    tenant_id uuid NOT NULL,
    dataset_id uuid NOT NULL,
    key text COLLATE "C" NOT NULL CHECK (char_length(key) BETWEEN 1 AND 200),
    body jsonb NOT NULL CHECK (jsonb_typeof(body) = 'object'),
    bytes int NOT NULL CHECK (bytes > 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, dataset_id, key),
    CONSTRAINT dataset_records_dataset_fkey FOREIGN KEY (tenant_id, dataset_id) REFERENCES datasets ON DELETE CASCADE
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['datasets', 'dataset_records'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant ON %I TO PUBLIC '
            'USING (tenant_id = (SELECT nullif(current_setting(''insula.tenant'', true), '''')::uuid))', name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON datasets, dataset_records TO insula_app;
SELECT insula_keep_house('datasets');
SELECT insula_keep_house('dataset_records');

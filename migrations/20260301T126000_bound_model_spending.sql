-- What a tenant spends on models in a month, under the bound that it set for itself. What a question may cost is put aside before it is asked, so that
-- the bound holds however many ask at once; what it did cost takes that place. What nobody came back for counts as spent.
CREATE TABLE model_spending (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    -- Its first day, in UTC.
    month date NOT NULL,
    spent bigint NOT NULL DEFAULT 0 CHECK (spent >= 0),
    reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    PRIMARY KEY (tenant_id, month)
) WITH (fillfactor = 50);

CREATE TABLE model_reservations (
    tenant_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    -- The question, by the key under which it is asked again.
    question text NOT NULL CHECK (char_length(question) BETWEEN 1 AND 300),
    month date NOT NULL,
    microdollars bigint NOT NULL CHECK (microdollars >= 0),
    PRIMARY KEY (tenant_id, execution_id, question),
    FOREIGN KEY (tenant_id, execution_id) REFERENCES executions ON DELETE CASCADE
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['model_spending', 'model_reservations'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant ON %I TO PUBLIC '
            'USING (tenant_id = (SELECT nullif(current_setting(''insula.tenant'', true), '''')::uuid))', name);
        PERFORM insula_keep_house(name::regclass);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE ON model_spending TO insula_app;
GRANT SELECT, INSERT, DELETE ON model_reservations TO insula_app;
-- Operators see what a tenant uses, in the scope of that tenant.
GRANT SELECT (tenant_id, month, spent, reserved) ON model_spending TO insula_operator;

-- How many executions one that nobody started has set off: those it started, those that they started, and so on. Whoever starts one more
-- counts here first, so that the bound holds however many do so at once. A row is locked by nobody else, and after the queue row of the parent.
CREATE TABLE execution_trees (
    tenant_id uuid NOT NULL,
    root_id uuid NOT NULL,
    descendants int NOT NULL CHECK (descendants > 0),
    PRIMARY KEY (tenant_id, root_id),
    FOREIGN KEY (tenant_id, root_id) REFERENCES executions ON DELETE CASCADE
) WITH (fillfactor = 50);

ALTER TABLE execution_trees ENABLE ROW LEVEL SECURITY;
ALTER TABLE execution_trees FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON execution_trees TO PUBLIC
    USING (tenant_id = (SELECT nullif(current_setting('insula.tenant', true), '')::uuid));
SELECT insula_keep_house('execution_trees');

GRANT SELECT, INSERT, UPDATE ON execution_trees TO insula_app;

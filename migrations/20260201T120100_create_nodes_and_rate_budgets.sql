-- Budgets that all nodes share, and who the nodes are. None of it belongs to a tenant, and no request touches it: nodes do, in the worker's
-- role. A budget's key is an id or an address.

-- One row, changed by compare-and-swap on its version: who serves, by how many each divides, what was charged when somebody joined.
CREATE TABLE node_roster (
    id smallint PRIMARY KEY CHECK (id = 1),
    version bigint NOT NULL,
    content jsonb NOT NULL,
    -- What the last node had spent when it left.
    handover bytea,
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

INSERT INTO node_roster (id, version, content) VALUES (1, 0, '{}');

-- The database's part of a budget: from when on it is full, in nanoseconds since 1970, and the charges that are in that number.
CREATE TABLE rate_budgets (
    key bytea PRIMARY KEY CHECK (octet_length(key) = 17),
    full_at bigint NOT NULL,
    charged bigint NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

GRANT SELECT, UPDATE ON node_roster TO insula_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON rate_budgets TO insula_worker;

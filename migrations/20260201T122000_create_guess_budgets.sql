-- How often was guessed at what: passwords and codes. It outlives restarts and counts for all nodes, and it counts for names that nobody has
-- just as for those of people, so that being refused tells nothing. A key is the SHA-256 of what is guessed at; no row belongs to a tenant.
CREATE TABLE guess_budgets (
    key bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    attempts int NOT NULL,
    -- When the next attempt is taken.
    free_at timestamptz NOT NULL,
    attempted_at timestamptz NOT NULL
);

CREATE INDEX guess_budgets_by_age ON guess_budgets (attempted_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON guess_budgets TO insula_app;

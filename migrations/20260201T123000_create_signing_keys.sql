-- The keys that sign access tokens belong to the whole installation: every node signs with the same one, and publishes all of them. The
-- private part is sealed under the root key. One is in use, the next is made long before, so that whoever keeps the published set knows it.
CREATE TABLE signing_keys (
    -- Two nodes that make the next key at once make the same generation, and one of them wins.
    generation int PRIMARY KEY,
    key_id text NOT NULL UNIQUE CHECK (char_length(key_id) BETWEEN 1 AND 64),
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    sealed_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- From here on it signs, until the next generation does.
    activates_at timestamptz NOT NULL
);

ALTER TABLE signing_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE signing_keys FORCE ROW LEVEL SECURITY;
-- No tenant's: privileges decide who reaches it.
CREATE POLICY installation ON signing_keys TO PUBLIC USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, DELETE ON signing_keys TO insula_app;
GRANT UPDATE (activates_at) ON signing_keys TO insula_app;

-- A database belongs to one root key: sealed values need it. Whoever starts with another key must learn it before anything is written, so the
-- key's fingerprint, which tells nothing of the key, stands here. One row, made by the first server and never changed.
CREATE TABLE installation (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    fingerprint text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{4}(-[0-9a-f]{4}){3}$'),
    created_at timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT ON installation TO insula_app;

-- Accounts that people make by themselves. Usernames that look alike, letter for letter, are one name; the operator's codes let somebody make
-- a tenant, once each, and are stored as hashes; a request may add the row of its own new tenant, and choose no plan.
CREATE UNIQUE INDEX users_look_key ON users (
    tenant_id,
    -- Cyrillic, Greek and Armenian letters that look like Latin ones, and those.
    translate(username, 'аеорсухіјѕһԁԛԝӏѵкοναρυικχγօսոհ', 'aeopcyxijshdqwlvkovapuikxyounh')
);

CREATE TABLE signup_codes (
    hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    -- The tenant that was made with it.
    made uuid
);

GRANT SELECT, UPDATE (used_at, made) ON signup_codes TO insula_app;
GRANT INSERT (tenant_id, slug, name, signing_key) ON tenants TO insula_app;

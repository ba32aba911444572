-- Accounts that people make by themselves. Usernames that look alike, letter for letter, are one name; a request may add the row of its own
-- new tenant, and choose no plan.
CREATE UNIQUE INDEX users_look_key ON users (
    tenant_id,
    -- Cyrillic, Greek and Armenian letters that look like Latin ones, and those.
    translate(username, 'аеорсухіјѕһԁԛԝӏѵкοναρυικχγօսոհ', 'aeopcyxijshdqwlvkovapuikxyounh')
);

GRANT INSERT (tenant_id, slug, name, signing_key) ON tenants TO insula_app;

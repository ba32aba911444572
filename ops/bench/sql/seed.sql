-- What W4 reads when the Go peer stands in for the server (--stand-in), on the product's own migrations: three tenants of 1,000 agents.
insert into tenants (tenant_id, slug, name, signing_key)
select md5('tenant ' || t)::uuid, 'tenant-' || t, 'Tenant ' || t, decode(md5('a') || md5('b'), 'hex') from generate_series(1, 3) t;

insert into definitions (tenant_id, id, kind, name, description, state, version)
select md5('tenant ' || t)::uuid, md5('agent ' || t || ' ' || a)::uuid, 'agent', 'agent ' || a, 'reads one page', 'created', 1
from generate_series(1, 3) t, generate_series(1, 1000) a;

insert into definition_versions (tenant_id, definition_id, version, body)
select tenant_id, id, 1, '{
    "tools": [{"name": "web_scraper", "config": {}}, {"name": "ping", "config": {}}],
    "strategy": {"name": "reactive", "config": {}},
    "limits": {"timeout_seconds": 300, "max_attempts": 3}
}'
from definitions;

-- What W4 reads when the go peer stands in for the server (--stand-in): the product's shape of tenancy, three tenants, 3,000 rows.
create role insula_app login;

create table definitions (
    tenant_id uuid not null,
    id uuid not null,
    kind text not null,
    name text not null,
    description text,
    state text not null,
    version int not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id)
);

create table definition_versions (
    tenant_id uuid not null,
    definition_id uuid not null,
    version int not null,
    body jsonb not null,
    primary key (tenant_id, definition_id, version),
    foreign key (tenant_id, definition_id) references definitions (tenant_id, id)
);

insert into definitions (tenant_id, id, kind, name, description, state, version)
select md5('tenant ' || t)::uuid, md5('agent ' || t || ' ' || a)::uuid, 'agent', 'agent ' || a, 'reads one page', 'created', 1
from generate_series(1, 3) t, generate_series(1, 1000) a;

insert into definition_versions (tenant_id, definition_id, version, body)
select tenant_id, id, 1, jsonb_build_object(
    'strategy', jsonb_build_object('name', 'reactive'),
    'tools', jsonb_build_array(
        jsonb_build_object('name', 'web_scraper', 'config', jsonb_build_object('timeout_ms', 10000)),
        jsonb_build_object('name', 'ping')))
from definitions;

do $$
declare name text;
begin
    foreach name in array array['definitions', 'definition_versions'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy tenant on %I using (tenant_id = (select nullif(current_setting(''insula.tenant'', true), '''')::uuid))', name);
        execute format('grant select on %I to insula_app', name);
    end loop;
end
$$;

vacuum analyze;

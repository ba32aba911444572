-- W4's two statements, run before one Sync: the tenant's scope, then the read. The peers and pgbench run this very file.
-- :tenant and :id are filled in by each peer's own parameters. The columns' order and names are what the peers answer.
select set_config('insula.tenant', :tenant, true);

select d.id, d.name, d.description, d.state, d.version, d.created_at, d.updated_at, v.body as blueprint
from definitions d
join definition_versions v on v.tenant_id = d.tenant_id and v.definition_id = d.id and v.version = d.version
where d.id = :id and d.kind = 'agent';

-- W4's two statements, run before one Sync: the tenant's scope, then the read. The peers and pgbench run this very file, and the
-- server sends the same (Agents+statements.swift): change them together. :id and :tenant are filled in by each driver's own parameters.
-- The columns' order and names are what the peers answer.
select set_config('insula.tenant', :tenant, true);

select d.id, d.name, d.description, d.state, d.version, v.body as blueprint, d.created_at, d.updated_at, d.revision
from definitions d
join definition_versions v on (v.tenant_id, v.definition_id, v.version) = (d.tenant_id, d.id, d.version)
where d.kind = 'agent' and d.id = :id;

"""Tenants with people, a key and an agent each, written into the database at once: what would take hours over the API.

The bench's own tenants must not meet their limits, which are raised here and nowhere else: `UNLIMITED`.
"""

import hashlib
import json
import secrets
import zlib
from dataclasses import dataclass

from . import identifiers

UNLIMITED = json.dumps({"requests_per_minute": 100_000_000, "running_agents": 1_000_000, "users": 1_000_000, "keys": 1_000_000,
                        "definitions": 1_000_000, "live_executions": 100_000_000})
BODY = json.dumps({
    "tools": [{"name": "web_scraper", "config": {}}, {"name": "ping", "config": {}}],
    "strategy": {"name": "reactive", "config": {}},
    "limits": {"timeout_seconds": 300, "max_attempts": 3},
})
STATES = ("active", "disabled", "unverified")


def lift_limits(database):
    """No limit for any tenant there is."""
    database.query(f"update tenants set quotas = '{UNLIMITED}'")


@dataclass
class Tenant:
    slug: str
    id: str
    key: str
    agent: str

    @property
    def path(self):
        return f"/v1/agents/{self.agent}"

    @property
    def headers(self):
        return (f"Authorization: Bearer {self.key}",)


def _key(id):
    """A key's text as the server makes it: its id, 256 random bits and a CRC-32."""
    text = f"ins_live_{identifiers.base32(id, 26)}_{identifiers.base32(secrets.randbits(256) << 4, 52)}"
    return text + identifiers.base32(zlib.crc32(text.encode()), 7)


def add(database, slugs, plan="free", quotas=UNLIMITED):
    """Tenants with a key and an agent each."""
    made, lines = [], []
    for slug in slugs:
        tenant, key, agent = (identifiers.version7() for _ in range(3))
        text = _key(int(key.replace("-", ""), 16))
        made.append(Tenant(slug, tenant, text, identifiers.spelled("agent", agent)))
        lines.append("\t".join((tenant, slug, key, hashlib.sha256(text.encode()).hexdigest(), agent)))
    rows = "\n".join(lines)
    database.query(f"""
begin;
create temporary table seeded (tenant uuid, slug text, key uuid, hash text, agent uuid) on commit drop;
copy seeded from stdin;
{rows}
\\.
insert into tenants (tenant_id, slug, name, signing_key, plan, quotas)
select tenant, slug, slug, sha256(gen_random_uuid()::text::bytea), '{plan}', '{quotas}' from seeded;
insert into api_keys (tenant_id, id, name, role, hash) select tenant, key, 'bench', 'owner', decode(hash, 'hex') from seeded;
insert into definitions (tenant_id, id, kind, name, description, state, version)
select tenant, agent, 'agent', 'agent', 'reads one page', 'created', 1 from seeded;
insert into definition_versions (tenant_id, definition_id, version, body) select tenant, agent, 1, '{BODY}' from seeded;
commit;
""")
    return made


def add_people(database, password_hash, count, slugs="true", state="active"):
    """`count` members named by their state and a number, for every tenant that the condition `slugs` holds for."""
    verified = "null" if state == "unverified" else "now()"
    database.query(f"""
insert into users (tenant_id, id, username, email, role, password_hash, state, email_verified_at)
select tenant_id, insula_uuid7(), '{state}' || n, '{state}' || n || '@' || slug || '.example', 'member', '{password_hash}', '{state}', {verified}
from tenants, generate_series(1, {count}) n where {slugs}
""")

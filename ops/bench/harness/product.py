"""Who plays "ours": the server itself, migrated and seeded over its own command line and API, or the Go peer standing in for it."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import identifiers, load, machine, servers, tenants
from .database import OWNER
from .machine import BENCH, ROOT, Failure

AGENTS = 200
TENANT = "bench"
# With them a request may say which address it comes from, so that no address meets its limit.
PROXIES = {"INSULA_TRUSTED_PROXIES": "127.0.0.1/32"}
BLUEPRINT = {
    "tools": [{"name": "web_scraper", "config": {}}, {"name": "ping", "config": {}}],
    "strategy": {"name": "reactive", "config": {}},
}


@dataclass
class Seeded:
    """One key of one tenant and the agents it may read: as UUIDs, and as the server spells them."""

    key: str
    tenant: str
    ids: list
    spellings: list


class Insula:
    can_log_in = True

    def __init__(self, cluster, binary, name="insula"):
        self.cluster, self.binary, self.name = cluster, Path(binary), name
        self.people = 0
        if not self.binary.exists():
            raise Failure(f"{self.binary} is missing; --stand-in measures the peers without it")
        self.data = Path(tempfile.mkdtemp(prefix="insula-bench-data-"))
        try:
            self.seeded = self._seed()
        except Failure:
            self.remove()
            raise

    def _run(self, *words):
        environment = servers.our_environment(self.cluster.url(), machine.free_port(), self.data)
        finished = subprocess.run([self.binary, *words], capture_output=True, text=True, env=machine.surroundings(environment))
        if finished.returncode:
            raise Failure(f"insula {' '.join(words)}: {finished.stderr.strip()}")
        return finished.stdout.strip()

    def _seed(self):
        self._run("migrate")
        secrets = self._run("admin", "tenant", "create", "--slug", TENANT, "--name", TENANT)
        found = re.search(r"password\s+(\S+)", secrets)
        if not found:
            raise Failure("insula admin tenant create shows no password")
        self.password = found[1]
        # What everybody's password is here: a hash of each one's own would take minutes.
        self.password_hash = self.cluster.query("select password_hash from users where username = 'owner'")[0][0]
        tenants.lift_limits(self.cluster)
        key = self._run("admin", "key", "create", "--tenant", TENANT, "--role", "owner", "--name", "bench")
        server = servers.ours(self.binary, self.cluster.url(), self.data, name=self.name)
        try:
            spellings = [self._create_agent(server, key, number) for number in range(AGENTS)]
        finally:
            server.stop()
        ids = [identifiers.plain(spelling) for spelling in spellings]
        self.cluster.query("vacuum analyze")
        tenant = self.cluster.query(f"select tenant_id from definitions where id = '{ids[0]}'")[0][0]
        return Seeded(key, tenant, ids, spellings)

    def _create_agent(self, server, key, number):
        body = {"name": f"agent {number}", "description": "reads one page", "blueprint": BLUEPRINT}
        status, answer = load.request(server.base, "/v1/agents", [f"Authorization: Bearer {key}"], "POST", body)
        if status != 201:
            raise Failure(f"POST /v1/agents answers {status}: {answer}")
        return answer["id"]

    def start(self, extra=None):
        server = servers.ours(self.binary, self.cluster.url(), self.data, extra, self.name)
        server.reads(self.seeded.spellings[0], self.seeded.key)
        return server

    def add_people(self, count):
        """Makes sure that the bench's tenant has `count` people of each state."""
        if count > self.people:
            condition = f"slug = '{TENANT}'"
            self.cluster.query(f"delete from users where username <> 'owner' and tenant_id = (select tenant_id from tenants where {condition})")
            for state in tenants.STATES:
                tenants.add_people(self.cluster, self.password_hash, count, condition, state)
            self.cluster.query("analyze")
            self.people = count

    def log_in(self, server, name, password=None, tenant=TENANT, address=None):
        """The status and the answer of a login."""
        headers = [f"X-Forwarded-For: {address}"] if address else []
        body = {"login": name, "password": password or self.password, "tenant": tenant}
        return load.request(server.base, "/v1/login", headers, "POST", body)

    def read_with_token(self, server):
        """Adds W4's request with an access token in the key's place, which is good at this server's address alone."""
        self.add_people(1)
        self.cluster.query("update users set role = 'owner' where username = 'active1'")
        status, answer = self.log_in(server, "active1")
        if status != 200 or not answer.get("access_token"):
            raise Failure(f"POST /v1/login answers {status}: {answer}")
        server.reads(self.seeded.spellings[0], answer["access_token"], id="W4 token")

    def command(self, port):
        return [self.binary, "serve"], servers.our_environment(self.cluster.url(), port, self.data)

    def remove(self):
        shutil.rmtree(self.data, ignore_errors=True)


class StandIn:
    """Proves the harness and the peers without the server; its figures say nothing of the product."""

    can_log_in = False
    HEALTH = b'{"status":"ok"}'
    KEY = "insula_bench_0123456789abcdefghijklmnopqrstuvwxyz"

    def __init__(self, cluster, statements):
        for migration in sorted((ROOT / "migrations").glob("*.sql")):
            cluster.query("begin;" + migration.read_text() + ";commit", role=OWNER)
        cluster.query((BENCH / "sql" / "seed.sql").read_text())
        cluster.query("vacuum analyze")
        rows = cluster.query("select tenant_id, id from definitions where tenant_id = md5('tenant 1')::uuid order by id limit 200")
        ids = [id for _, id in rows]
        self.seeded = Seeded(self.KEY, rows[0][0], ids, ids)
        self.reading = statements.peer_environment(self.seeded, cluster.peer_url())

    def start(self, extra=None):
        server = servers.go(self.HEALTH, {**self.reading, **(extra or {})}, name="stand-in")
        server.reads(self.seeded.ids[0], self.KEY)
        return server

    def command(self, port):
        environment = {"PEER_PORT": str(port), "PEER_HEALTH_BODY": self.HEALTH.decode(), "PEER_FORM": "batch", **self.reading}
        return [servers.build_go()], environment

    def remove(self):
        pass

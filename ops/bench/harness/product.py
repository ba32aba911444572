"""Who plays "ours": the server itself, migrated and seeded over its own command line and API, or the Go peer standing in for it."""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import identifiers, load, machine, servers
from .database import OWNER
from .machine import BENCH, ROOT, Failure

AGENTS = 200
TENANT = "bench"
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
    def __init__(self, cluster, binary):
        self.cluster, self.binary = cluster, Path(binary)
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
        self._run("admin", "tenant", "create", "--slug", TENANT, "--name", TENANT)
        # The workloads measure the server, not the plan: a contract that no workload reaches.
        self.cluster.query(f"""update tenants set quotas = '{{"requests_per_minute": 100000000, "running_agents": 100000}}' where slug = '{TENANT}'""")
        key = self._run("admin", "key", "create", "--tenant", TENANT, "--role", "owner", "--name", "bench")
        server = servers.ours(self.binary, self.cluster.url(), self.data)
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
        server = servers.ours(self.binary, self.cluster.url(), self.data, extra)
        server.reads(self.seeded.spellings[0], self.seeded.key)
        return server

    def command(self, port):
        return [self.binary, "serve"], servers.our_environment(self.cluster.url(), port, self.data)

    def remove(self):
        shutil.rmtree(self.data, ignore_errors=True)


class StandIn:
    """Proves the harness and the peers without the server; its figures say nothing of the product."""

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

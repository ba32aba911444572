"""A PostgreSQL cluster of the harness's own, in a temporary folder, on a Unix socket only; and the statements of W4."""

import copy
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from glob import glob
from pathlib import Path

from . import machine
from .machine import BENCH, Failure

SETTINGS = {"listen_addresses": "", "shared_buffers": "256MB", "max_connections": "200", "logging_collector": "off", "log_line_prefix": "@@ "}
START_SECONDS = 30
DATABASE = "insula"
OWNER = "insula_owner"
REQUESTS = "insula_app"


def _binaries():
    """The newest installed server's own folder, for Debian keeps initdb out of PATH."""
    found = sorted(glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    if not found:
        raise Failure("PostgreSQL's server is missing: apt-get install postgresql postgresql-contrib")
    return Path(found[-1])


class Cluster:
    """Runs as `postgres` when we are root, since PostgreSQL refuses root."""

    def __init__(self):
        self.binaries = _binaries()
        self.user = "postgres" if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="insula-bench-"))
        if self.user:
            shutil.chown(self.folder, self.user, self.user)
        data = self.folder / "data"
        subprocess.run(
            [self.binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"],
            check=True, stdout=subprocess.DEVNULL, cwd=self.folder,
            **({"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}),
        )
        self.begin()
        self.name = DATABASE
        self.query(f"create role {OWNER} login createrole", "postgres")
        self.query(f"create database {DATABASE} owner {OWNER}", "postgres")

    def begin(self):
        """Starts PostgreSQL, and returns when it takes connections."""
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        self.log = self.folder / "log"
        self.process = machine.start(
            [self.binaries / "postgres", "-D", self.folder / "data", "-k", self.folder, *options],
            log=self.log, user=self.user, folder=self.folder,
        )
        ready = [str(self.binaries / "pg_isready"), "-q", "-h", str(self.folder)]
        machine.wait_until(lambda: subprocess.run(ready).returncode == 0, START_SECONDS, "PostgreSQL's start")

    def break_off(self):
        """Ends PostgreSQL as a crash would: nothing is finished, nothing written at the end."""
        machine.stop(self.process, gently=signal.SIGQUIT)

    def another(self, name):
        """A further database of the same cluster."""
        self.query(f"create database {name} owner {OWNER}", "postgres")
        other = copy.copy(self)
        other.name = name
        return other

    def url(self):
        """For our server: it owns its database, and is no superuser."""
        return f"postgresql://{OWNER}@/{self.name}?host={self.folder}"

    def peer_url(self):
        """For a peer: it takes the requests' role at connect, as our server does."""
        return f"{self.url()}&role={REQUESTS}"

    def query(self, sql, database=None, role="postgres"):
        """Runs SQL, as the superuser by default, and returns the rows as lists of text."""
        finished = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", role, "-d", database or self.name],
            input=sql, text=True, capture_output=True,
        )
        if finished.returncode:
            raise Failure("psql: " + finished.stderr.strip())
        return [line.split("\t") for line in finished.stdout.splitlines()]

    def cpu_microseconds(self):
        return machine.cpu_microseconds(self.process.pid)

    def stop(self):
        # At once, without a last checkpoint: nothing here is kept.
        machine.stop(self.process, gently=signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


class Statements:
    """The two statements of sql/w4.sql, numbered for drivers and named for pgbench."""

    def __init__(self, file=BENCH / "sql" / "w4.sql"):
        text = "\n".join(line for line in file.read_text().splitlines() if not line.startswith("--"))
        self.scope, self.read = (" ".join(part.split()) for part in text.split(";") if part.strip())

    @staticmethod
    def _numbered(sql):
        names = []

        def number(match):
            if match[1] not in names:
                names.append(match[1])
            return f"${names.index(match[1]) + 1}"

        return re.sub(r"(?<!:):([a-z]+)\b", number, sql), names

    def peer_environment(self, seeded, url):
        """What a peer needs to answer W4: statements, database, and the one key with its tenant."""
        scope, _ = self._numbered(self.scope)
        read, parameters = self._numbered(self.read)
        return {
            "PEER_DATABASE": url,
            "PEER_SCOPE_SQL": scope,
            "PEER_READ_SQL": read,
            "PEER_READ_PARAMETERS": ",".join(parameters),
            "PEER_KEY_SHA256": hashlib.sha256(seeded.key.encode()).hexdigest(),
            "PEER_TENANT": seeded.tenant,
        }

    def agree(self, cluster, seeded):
        """pgbench reads no answers, so its statements are tried here: the row within its tenant, and nothing without one."""
        read = self.read.replace(":tenant", f"'{seeded.tenant}'").replace(":id", f"'{seeded.ids[0]}'")
        scope = self.scope.replace(":tenant", f"'{seeded.tenant}'")
        within = cluster.query(f"set role {REQUESTS}; begin; {scope}; {read}; commit", role=OWNER)
        without = cluster.query(f"set role {REQUESTS}; {read}", role=OWNER)
        if len(within) != 2 or seeded.ids[0] not in within[1] or without:
            raise Failure("sql/w4.sql doesn't read the agent within its tenant alone")

    def pgbench_script(self):
        return f"\\startpipeline\n{self.scope};\n{self.read};\n\\endpipeline\n"

"""The servers that are measured: ours and its peers, each at its best settings, each built or installed when first needed."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import load, machine
from .machine import BENCH, BUILT, Failure

READY_SECONDS = 60
PEERS = BENCH / "peers"
GO_POOL = 16
FASTAPI_WORKERS = 2
FASTAPI_POOL = 8


@dataclass
class Target:
    path: str
    headers: tuple = ()


@dataclass
class Server:
    name: str
    process: subprocess.Popen
    port: int
    log: Path | None = None
    ready_path: str = "/healthz"
    targets: dict = field(default_factory=lambda: {"W1": Target("/healthz")})

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def ready(self):
        if self.process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:] if self.log else ""
            raise Failure(f"{self.name} ended by itself with status {self.process.returncode}\n{tail}")
        try:
            return load.request(self.base, self.ready_path)[0] == 200
        except OSError:
            return False

    def reads(self, spelling, key, id="W4"):
        """Adds W4's request: one agent, named as this server spells ids."""
        self.targets[id] = Target(f"/v1/agents/{spelling}", (f"Authorization: Bearer {key}",))

    def stop(self):
        machine.stop(self.process)


def launch(name, command, environment=None, port=None, folder=None, ready_path="/healthz"):
    """Starts a server and returns when `ready_path` answers 200."""
    log = BUILT / "logs" / (name.split()[0] + ".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    server = Server(name, machine.start(command, environment, log, folder=folder), port, log, ready_path)
    machine.wait_until(server.ready, READY_SECONDS, f"{name}'s start")
    return server


def _build(what, command, environment=None, folder=None):
    """Runs a build below the priority of everything else; its output is shown only when it fails."""
    machine.say(f"building {what}")
    finished = subprocess.run(
        ["nice", "-n", "5", *map(str, command)], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})},
    )
    if finished.returncode:
        raise Failure(f"{what} doesn't build:\n{finished.stdout[-3000:]}")


def _stale(stamp, *sources):
    """A digest to record in `stamp` once built, or None when `stamp` already holds it."""
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    return digest if not stamp.exists() or stamp.read_text() != digest else None


def nginx(health):
    folder = Path(tempfile.mkdtemp(prefix="insula-bench-nginx-"))
    port = machine.free_port()
    text = (PEERS / "nginx" / "nginx.conf").read_text()
    body = health.decode().replace("\\", "\\\\").replace("'", "\\'")
    for mark, value in {"@PORT@": str(port), "@BODY@": body, "@FOLDER@": str(folder)}.items():
        text = text.replace(mark, value)
    (folder / "nginx.conf").write_text(text)
    server = launch("nginx", ["nginx", "-p", folder, "-c", folder / "nginx.conf"], port=port)
    shutil.rmtree(folder, ignore_errors=True)
    return server


def build_go():
    """Debian's pgx lives in a GOPATH, so modules are off and nothing is fetched."""
    binary, source, stamp = BUILT / "go" / "peer", PEERS / "go" / "main.go", BUILT / "go" / "stamp"
    if (digest := _stale(stamp, source)) or not binary.exists():
        binary.parent.mkdir(parents=True, exist_ok=True)
        environment = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(BUILT / "go" / "cache")}
        _build("the Go peer", ["go", "build", "-o", binary, source], environment)
        stamp.write_text(digest or "")
    return binary


def go(health, reading=None, form="batch", name=None):
    port = machine.free_port()
    environment = {"PEER_PORT": str(port), "PEER_HEALTH_BODY": health.decode(), "PEER_FORM": form, "GOGC": "400", **(reading or {})}
    if reading:
        environment["PEER_DATABASE"] += f"&pool_max_conns={GO_POOL}&pool_min_conns={GO_POOL}"
    return launch(name or ("go" if not reading else f"go+pgx {form}"), [build_go()], environment, port)


def build_environment(folder, wanted):
    """A virtual environment with the newest versions the registry gives of what the file `wanted` lists."""
    stamp = folder / "stamp"
    if digest := _stale(stamp, wanted):
        _build("a virtual environment", [sys.executable, "-m", "venv", "--clear", folder])
        _build(", ".join(wanted.read_text().split()), [folder / "bin" / "pip", "install", "-q", "-r", wanted])
        stamp.write_text(digest)
    return folder / "bin" / "python"


def build_fastapi():
    return build_environment(BUILT / "venv", PEERS / "fastapi" / "requirements.txt")


def fastapi(health, reading=None):
    port = machine.free_port()
    environment = {"PEER_HEALTH_BODY": health.decode(), "PEER_POOL": str(FASTAPI_POOL), **(reading or {})}
    command = [build_fastapi(), "-m", "uvicorn", "app:app", "--host", "127.0.0.1", "--port", port,
               "--workers", FASTAPI_WORKERS, "--loop", "uvloop", "--http", "httptools", "--no-access-log",
               "--log-level", "warning", "--backlog", "4096", "--timeout-keep-alive", "300"]
    return launch("fastapi+asyncpg" if reading else "fastapi", command, environment, port, PEERS / "fastapi")


def build_hummingbird():
    package, scratch = PEERS / "hummingbird" / "server", BUILT / "hummingbird"
    binary = scratch / "release" / "Peer"
    stamp = scratch / "stamp"
    if (digest := _stale(stamp, package / "Package.swift", package / "Sources/Peer/Peer.swift")) or not binary.exists():
        _build("the Hummingbird peer (minutes, once)",
               ["swift", "build", "-c", "release", "--package-path", package, "--scratch-path", scratch])
        stamp.write_text(digest or "")
    return binary


def hummingbird(health):
    port = machine.free_port()
    environment = {"PEER_PORT": str(port), "PEER_HEALTH_BODY": health.decode()}
    return launch("hummingbird", [build_hummingbird()], environment, port)


def our_environment(database_url, port, data):
    """Settings of `insula`. The peers log no request, so neither does it."""
    return {"INSULA_PORT": str(port), "INSULA_DATA": str(data), "INSULA_DATABASE_URL": database_url, "INSULA_LOG": "warning"}


def ours(binary, database_url, data, extra=None, name="insula"):
    """`insula serve` against the harness's PostgreSQL."""
    port = machine.free_port()
    return launch(name, [binary, "serve"], {**our_environment(database_url, port, data), **(extra or {})}, port, ready_path="/readyz")


def raw_health(server):
    """The very bytes of the server's health answer: every peer then serves the same ones."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        data = b""
        while part := line.recv(65536):
            data += part
    return data.partition(b"\r\n\r\n")[2]

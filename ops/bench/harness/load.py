"""Load and single requests: wrk, pgbench, and a small client for checks and counted requests. Loopback only."""

import http.client
import json
import os
import re
import socket
import subprocess
from dataclasses import dataclass, field

from . import machine
from .database import OWNER, REQUESTS
from .machine import BENCH, Failure

CONNECTIONS = 64
TIMEOUT_SECONDS = 10
SCRIPTS = BENCH / "harness"


@dataclass
class Sample:
    """One round of one server."""

    requests: int
    seconds: float
    p50: float = 0  # microseconds
    p99: float = 0
    refused: int = 0  # answers that weren't 2xx or 3xx
    broken: int = 0  # connections that failed, broke or timed out
    statuses: dict = field(default_factory=dict)  # answers by status, where they were counted
    server_cpu: float = 0  # microseconds a request
    database_cpu: float = 0

    @property
    def rate(self):
        return self.requests / self.seconds


class Wrk:
    """One run of wrk on one thread. It begins at once, and ends by itself."""

    def __init__(self, url, seconds, headers=(), connections=CONNECTIONS, pace_milliseconds=None, statuses=False, script="load", settings=None):
        environment = {**os.environ, "BENCH_LOAD": str(SCRIPTS / "load.lua"), **(settings or {})}
        if pace_milliseconds:
            environment["PACE_MILLISECONDS"] = str(pace_milliseconds)
        if statuses:
            environment["COUNT_STATUSES"] = "1"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(SCRIPTS / f"{script}.lua")]
        for header in headers:
            command += ["-H", header]
        self.process = subprocess.Popen([*command, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    def result(self):
        """What it saw, once it has ended."""
        output, errors = self.process.communicate()
        line = next((line for line in output.splitlines() if line.startswith("RESULT ")), None)
        if self.process.returncode or line is None:
            raise Failure("wrk: " + (errors.strip() or output.strip() or "no result"))
        seen = json.loads(line[7:])
        broken = seen["connect"] + seen["read"] + seen["write"] + seen["timeout"]
        return Sample(seen["requests"], seen["microseconds"] / 1e6, seen["p50"], seen["p99"], seen["refused"], broken, seen["statuses"])


def wrk(*arguments, **further):
    """Runs wrk and returns what it saw."""
    return Wrk(*arguments, **further).result()


def measured(server, target, seconds, database=None, **further):
    """A round against `server`, with the CPU time of its process tree, and of PostgreSQL's, a request."""
    before = machine.cpu_microseconds(server.process.pid), database.cpu_microseconds() if database else 0
    sample = wrk(server.base + target.path, seconds, target.headers, **further)
    if sample.refused or sample.broken or not sample.requests:
        found = request(server.base, target.path, target.headers)
        raise Failure(f"{server.name}: {sample.refused} refused and {sample.broken} broken of {sample.requests} requests; one more: {found}")
    sample.server_cpu = (machine.cpu_microseconds(server.process.pid) - before[0]) / sample.requests
    if database:
        sample.database_cpu = (database.cpu_microseconds() - before[1]) / sample.requests
    return sample


def pgbench(cluster, script, seeded, clients, threads, seconds):
    """The same statements without any server: what PostgreSQL itself can give on this machine."""
    before = cluster.cpu_microseconds()
    finished = subprocess.run(
        ["pgbench", "-n", "-M", "prepared", "-f", script, f"-c{clients}", f"-j{threads}", f"-T{max(1, round(seconds))}",
         f"-Dtenant={seeded.tenant}", f"-Did={seeded.ids[0]}", "-h", cluster.folder, "-U", OWNER, cluster.name],
        capture_output=True, text=True, env={**os.environ, "PGOPTIONS": f"-c role={REQUESTS}"},
    )
    rate = re.search(r"tps = ([0-9.]+)", finished.stdout)
    count = re.search(r"transactions actually processed: (\d+)", finished.stdout)
    failed = re.search(r"failed transactions: (\d+)", finished.stdout)
    if finished.returncode or not rate or not count or (failed and int(failed[1])):
        raise Failure("pgbench: " + (finished.stderr.strip() or finished.stdout.strip()))
    requests = int(count[1])
    spent = (cluster.cpu_microseconds() - before) / requests
    return Sample(requests, requests / float(rate[1]), database_cpu=spent)


def request(base, path, headers=(), method="GET", body=None):
    """One request on a connection of its own: status, and the body as JSON or None."""
    host = base.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=TIMEOUT_SECONDS)
    try:
        fields = dict(header.split(": ", 1) for header in headers)
        if body is not None:
            fields["Content-Type"] = "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), fields)
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    try:
        return answer.status, json.loads(data)
    except ValueError:
        return answer.status, None


class Line:
    """A kept connection that sends one prepared request and reads the whole answer, by its Content-Length."""

    def __init__(self, port, path, headers=()):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers]
        self.request = ("\r\n".join(lines) + "\r\n\r\n").encode()

    def send(self):
        self.socket.sendall(self.request)

    def receive(self):
        """The status of the answer."""
        data = self._more(b"")
        while (end := data.find(b"\r\n\r\n")) < 0:
            data = self._more(data)
        length = re.search(rb"\r\ncontent-length: *(\d+)", data[:end], re.I)
        if not length:
            raise Failure("an answer without Content-Length can't be counted")
        whole = end + 4 + int(length[1])
        while len(data) < whole:
            data = self._more(data)
        return int(data[9:12])

    def _more(self, data):
        part = self.socket.recv(65536)
        if not part:
            raise Failure("the server closed a kept connection")
        return data + part

    def close(self):
        self.socket.close()

"""W9: a thousand sockets that watch one tenant while 200 things a second happen. How many deliveries does a second of CPU buy?"""

import base64
import os
import select
import socket
import subprocess
import time
from statistics import median

from . import machine, servers
from .database import DATABASE
from .machine import Failure, say
from .report import Ratio, Row

READERS = 1_000
EVENTS_PER_SECOND = 200
EVENT_SECONDS = 4
PATIENCE_SECONDS = 15
GOAL = 5
MARK = b'"ref":"exec_'
PAYLOAD = '{"state":"succeeded","attempt":1,"agent_id":"agent_01j8z6c4vzf0hs2m7s2r6v9k3d"}'
# As ours is stored, before the id is spelled.
STORED = '{"state":"succeeded","attempt":1,"definition_id":"019e0d8d-81de-7f91-9c53-1f3889b4d1a3"}'


def _frame(text):
    """A short text as a client's frame, under a mask of zeros."""
    data = text.encode()
    head = bytes([0x81, 0x80 | len(data)]) if len(data) < 126 else bytes([0x81, 0xFE]) + len(data).to_bytes(2, "big")
    return head + bytes(4) + data


def _open(port, path, headers):
    line = socket.create_connection(("127.0.0.1", port), timeout=10)
    key = base64.b64encode(os.urandom(16)).decode()
    fields = ["Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", *headers]
    line.sendall(f"GET {path} HTTP/1.1\r\n{chr(13).join(chr(10) * bool(at) + field for at, field in enumerate(fields))}\r\n\r\n".encode())
    data = b""
    while b"\r\n\r\n" not in data:
        data += line.recv(4096)
    if not data.startswith(b"HTTP/1.1 101"):
        raise Failure(f"no WebSocket was opened: {data[:200]}")
    return line


class Audience:
    """Readers that count what is delivered to them and look at nothing else."""

    def __init__(self, server, path, headers, greeting=None, answer=None):
        self.lines, self.rests, self.count = {}, {}, 0
        self.poll = select.epoll()
        try:
            for _ in range(READERS):
                line = _open(server.port, path, headers)
                self.lines[line.fileno()] = line
                if greeting:
                    line.sendall(_frame(greeting))
                    data = b""
                    while answer not in data:
                        data += line.recv(4096)
                line.setblocking(False)
                self.rests[line.fileno()] = b""
                self.poll.register(line.fileno(), select.EPOLLIN)
        except BaseException:
            self.close()
            raise

    def read(self, seconds):
        """Counts what comes for that long."""
        for number, _ in self.poll.poll(seconds, 256):
            data = self.lines[number].recv(262_144)
            if not data:
                raise Failure("a reader was closed")
            data = self.rests[number] + data
            self.count += data.count(MARK)
            self.rests[number] = data[-len(MARK) + 1 :]

    def close(self):
        for line in self.lines.values():
            line.close()
        self.poll.close()


def _round(server, cluster, statement, audience):
    """Deliveries a second of the server's CPU, the share that arrived, and PostgreSQL's CPU a delivery."""
    session = subprocess.Popen(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", cluster.folder, "-U", "postgres", "-d", DATABASE],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, bufsize=1)
    wanted = READERS * EVENTS_PER_SECOND * EVENT_SECONDS
    audience.count = 0
    cpu, database = machine.cpu_microseconds(server.process.pid), cluster.cpu_microseconds()
    begun, happened = time.monotonic(), 0
    while audience.count < wanted and time.monotonic() - begun < EVENT_SECONDS + PATIENCE_SECONDS:
        due = min(int((time.monotonic() - begun) * EVENTS_PER_SECOND), EVENTS_PER_SECOND * EVENT_SECONDS)
        while happened < due:
            session.stdin.write(statement + "\n")
            happened += 1
        audience.read(0.002)
    seconds = (machine.cpu_microseconds(server.process.pid) - cpu) / 1e6
    session.stdin.close()
    session.wait()
    return audience.count / seconds, audience.count / wanted, (cluster.cpu_microseconds() - database) / max(1, audience.count)


def _peer(cluster):
    folder, wanted = machine.BUILT / "venv-websockets", servers.PEERS / "websockets" / "requirements.txt"
    python = servers.build_environment(folder, wanted)
    port = machine.free_port()
    command = [python, "-m", "uvicorn", "app:app", "--host", "127.0.0.1", "--port", port, "--loop", "uvloop", "--ws", "websockets",
               "--no-access-log", "--log-level", "warning", "--backlog", "4096"]
    return servers.launch("websockets", command, {"PEER_DATABASE": cluster.url()}, port, servers.PEERS / "websockets")


def w9(our, seeded, cluster, options):
    ref = seeded.ids[0]
    # As another node numbers one and says so: each event comes by itself, as it does to the peer.
    ours = (f"with n as (insert into event_sequences as s (tenant_id, last_seq) values ('{seeded.tenant}', 1) "
            "on conflict (tenant_id) do update set last_seq = s.last_seq + 1 returning tenant_id, last_seq), "
            "w as (insert into events (tenant_id, seq, type, ref, payload, at) "
            f"select tenant_id, last_seq, 'execution.succeeded', '{ref}', '{STORED}', now() from n) "
            "select pg_notify('insula_events', tenant_id || ':' || last_seq) from n;")
    event = '{"type":"event","id":"default","event":{"seq":123456,"type":"execution.succeeded","ref":"exec_01j8z6c4vzf0hs2m7s2r6v9k3d","at":"2026-01-01T00:00:00.000Z","payload":' + PAYLOAD + "}}"
    theirs = f"do $$ begin perform pg_notify('events', '{event}'); end $$;"
    peer = _peer(cluster)
    samples = {our.name: [], peer.name: []}
    try:
        for server, statement, say_first in (
            (our, ours, ("/v1/events", [f"Authorization: Bearer {seeded.key}"], '{"type":"subscribe"}', b"subscribed")),
            (peer, theirs, ("/", [])),
        ):
            audience = Audience(server, *say_first)
            try:
                for _ in range(options.rounds):
                    samples[server.name].append(_round(server, cluster, statement, audience))
            finally:
                audience.close()
    finally:
        peer.stop()
    for name, rounds in samples.items():
        rate, share, database = (median(part) for part in zip(*rounds))
        say(f"  W9  {name:<22}{rate:>10,.0f} deliveries a CPU second, {share:.0%} of them in time{database:>8.2f} µs PostgreSQL each")
        if name == our.name and min(share for _, share, _ in rounds) < 1:
            raise Failure("not every event was delivered to every reader")
    rate = lambda name: [sample[0] for sample in samples[name]]
    ratio = Ratio.of(rate(our.name), rate(peer.name))
    return [Row("W9", f"{READERS:,} sockets, {EVENTS_PER_SECOND} events/s: deliveries a CPU second", f"{median(rate(our.name)):,.0f}",
                f"uvicorn, websockets {median(rate(peer.name)):,.0f}", str(ratio), f"≥ {GOAL}", ratio.middle >= GOAL)]

"""What a server does under pressure: ten thousand idle connections, slow clients beside normal ones, and a flood."""

import socket
import threading
import time
from statistics import median

from . import load, machine, servers
from .machine import Failure, say
from .report import Ratio, Row

IDLE_CONNECTIONS = 10_000
IDLE_GOAL_BYTES = 4_096
SLOW_CLIENTS = 64
SLOW_PAUSE_SECONDS = 0.5
SLOW_GOAL = 1.5
FLOOD_CONNECTIONS = 6_000
FLOOD_SECONDS = 6
FLOOD_GOAL_BYTES = 256 << 20
SAMPLE_SECONDS = 0.05


def _hold(server, count):
    """Opens `count` kept connections, each having had one answer, so that each holds what an idle client's holds."""
    before = machine.resident_bytes(server.process.pid)
    lines = []
    try:
        for _ in range(count):
            line = load.Line(server.port, "/healthz")
            lines.append(line)
            line.send()
            if line.receive() != 200:
                raise Failure(f"{server.name} refused connection {len(lines)}")
        each = (machine.resident_bytes(server.process.pid) - before) / count
        answered = load.request(server.base, "/healthz")[0] == 200
        for line in (lines[0], lines[-1]):
            line.send()
            answered = answered and line.receive() == 200
    finally:
        for line in lines:
            line.close()
    return each, answered


def idle(our, options):
    health = servers.raw_health(our)
    peer = servers.hummingbird(health)
    try:
        theirs, _ = _hold(peer, IDLE_CONNECTIONS)
        each, answered = _hold(our, IDLE_CONNECTIONS)
    finally:
        peer.stop()
    say(f"  W10 {IDLE_CONNECTIONS} idle connections: {each:.0f} bytes each, hummingbird {theirs:.0f}; a normal request {'is' if answered else 'IS NOT'} answered")
    return [Row("W10", f"{IDLE_CONNECTIONS:,} idle connections, bytes of user space each", f"{each:.0f}", f"hummingbird {theirs:.0f}",
                f"{theirs / each:.2f}" if each > 0 else "–", f"≤ {IDLE_GOAL_BYTES}", answered and each <= IDLE_GOAL_BYTES)]


class Dribble:
    """Clients that send a request's head a byte at a time, and begin anew when the server cuts them off."""

    def __init__(self, port):
        self.port, self.over = port, threading.Event()
        self.cut = 0
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _run(self):
        head = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " + b"a" * 8_000
        clients = [(self._connect(), 0) for _ in range(SLOW_CLIENTS)]
        while not self.over.wait(SLOW_PAUSE_SECONDS):
            clients = [self._step(client, sent, head) for client, sent in clients]
        for client, _ in clients:
            client.close()

    def _connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=load.TIMEOUT_SECONDS)

    def _step(self, client, sent, head):
        try:
            client.send(head[sent : sent + 1])
            return client, (sent + 1) % len(head)
        except OSError:
            client.close()
            self.cut += 1
            return self._connect(), 0


def slow(our, options):
    target = our.targets["W1"]
    alone, beside = [], []
    for _ in range(options.rounds):
        alone.append(load.wrk(our.base + target.path, options.seconds, target.headers))
        with Dribble(our.port) as dribble:
            time.sleep(SLOW_PAUSE_SECONDS)
            beside.append(load.wrk(our.base + target.path, options.seconds, target.headers))
    ratio = Ratio.of([sample.p99 for sample in beside], [sample.p99 for sample in alone])
    rate = Ratio.of([sample.rate for sample in beside], [sample.rate for sample in alone])
    say(f"  slow {SLOW_CLIENTS} dribbling clients: p99 {ratio}, requests/s {rate}, cut off in the last round: {dribble.cut}")
    return [Row("slow", f"{SLOW_CLIENTS} slow clients beside normal ones, p99 µs", f"{median(sample.p99 for sample in beside):.0f}",
                f"without {median(sample.p99 for sample in alone):.0f}", str(ratio), f"≤ {SLOW_GOAL}", ratio.middle <= SLOW_GOAL)]


class Peak:
    """The highest resident memory of a server while it is watched."""

    def __init__(self, pid):
        self.pid, self.over, self.bytes = pid, threading.Event(), 0
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _run(self):
        while not self.over.wait(SAMPLE_SECONDS):
            self.bytes = max(self.bytes, machine.resident_bytes(self.pid))


def flood(our, options):
    """More requests at once than the server takes in flight: it must answer each, some with 503, and not grow with them."""
    target = our.targets["W4"]
    before = machine.resident_bytes(our.process.pid)
    with Peak(our.process.pid) as peak:
        sample = load.wrk(our.base + target.path, FLOOD_SECONDS, target.headers, connections=FLOOD_CONNECTIONS, statuses=True)
    grown = peak.bytes - before
    status, _ = load.request(our.base, target.path, target.headers)
    served = sample.statuses.get("200", 0)
    seen = ", ".join(f"{code} × {count:,}" for code, count in sorted(sample.statuses.items())) or "nothing"
    say(f"  flood {FLOOD_CONNECTIONS} connections: {seen}, {sample.broken:,} broken; memory +{grown / 1e6:.0f} MB; afterwards a read answers {status}")
    return [Row("flood", f"{FLOOD_CONNECTIONS:,} connections reading at once, memory growth", f"+{grown / 1e6:.0f} MB",
                seen, "–", f"≤ {FLOOD_GOAL_BYTES / 1e6:.0f} MB, 200 after",
                grown <= FLOOD_GOAL_BYTES and status == 200 and served > 0)]

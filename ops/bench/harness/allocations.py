"""A1: heap allocations a request. The server runs under a counting malloc; a fixed number of requests is sent between two readings."""

import mmap
import os
import struct
import subprocess
import time

from . import load
from .machine import BENCH, BUILT, Failure, say
from .report import Row

OWNERS = ["server", "libpq", "OpenSSL", "libc"]
LINES = 16
WARM_ROUNDS = 200
ROUNDS = 1_000
IDLE_SECONDS = 1
GOALS = {"W1": 0, "W4": 6, "W4 token": 6}
# A timer, a log line or a metric may allocate beside the requests: what rounds to no allocation a request is none.
TOLERANCE = 0.05


class Counters:
    """The counters' file: calls, then bytes, by owner."""

    SHAPE = struct.Struct(f"={2 * len(OWNERS)}Q")

    def __init__(self):
        self.path = BUILT / "allocations"
        self.path.write_bytes(bytes(mmap.PAGESIZE))
        with open(self.path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    def read(self):
        return self.SHAPE.unpack_from(self.memory)[: len(OWNERS)]

    def environment(self):
        library = BUILT / "count.so"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, BENCH / "allocations" / "count.c", "-ldl"], check=True)
        return {"LD_PRELOAD": str(library), "BENCH_ALLOCATIONS": str(self.path)}


def _send(lines, rounds):
    for _ in range(rounds):
        for line in lines:
            line.send()
        for line in lines:
            if (status := line.receive()) != 200:
                raise Failure(f"status {status} while allocations were counted")


def _a_request(counters, server, target):
    lines = [load.Line(server.port, target.path, target.headers) for _ in range(LINES)]
    try:
        _send(lines, WARM_ROUNDS)
        before = counters.read()
        _send(lines, ROUNDS)
        after = counters.read()
    finally:
        for line in lines:
            line.close()
    return [(late - early) / (ROUNDS * LINES) for early, late in zip(before, after)]


def a1(product):
    counters = Counters()
    server = product.start(counters.environment())
    rows = []
    try:
        if product.can_log_in:
            product.read_with_token(server)
        if not sum(counters.read()):
            raise Failure("the counting malloc wasn't loaded (is the binary static?)")
        before = counters.read()
        time.sleep(IDLE_SECONDS)
        idle = sum(counters.read()) - sum(before)
        say(f"  A1  at rest: {idle / IDLE_SECONDS:.0f} allocations/s")
        for id, goal in GOALS.items():
            if id not in server.targets:
                continue
            found = _a_request(counters, server, server.targets[id])
            say(f"  A1  {id}: " + ", ".join(f"{owner} {number:.2f}" for owner, number in zip(OWNERS, found)) + " allocations a request")
            counted = sum(found) - found[OWNERS.index("libpq")]
            rows.append(Row("A1", f"heap allocations a request, {id} (libpq's apart)", f"{counted:.2f}",
                            f"libpq {found[1]:.2f}", "–", f"≤ {goal}", counted <= goal + TOLERANCE))
    finally:
        server.stop()
        os.unlink(counters.path)
    return rows

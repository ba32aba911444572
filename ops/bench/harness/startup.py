"""A2: from exec to the first 200 with a migrated database at hand, and memory at rest."""

import socket
import time
from statistics import median

from . import machine
from .machine import say
from .report import Row

STARTS = 7
REST_SECONDS = 2
START_GOAL_MILLISECONDS = 50
REST_GOAL_BYTES = 30_000_000
GIVE_UP_SECONDS = 20
RETRY_SECONDS = 0.0002


def _until_answer(port, target):
    """Asks again and again on new connections until the answer is 200."""
    lines = [f"GET {target.path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *target.headers]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    deadline = time.perf_counter() + GIVE_UP_SECONDS
    while time.perf_counter() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=GIVE_UP_SECONDS) as line:
                line.sendall(request)
                if line.recv(65536).startswith(b"HTTP/1.1 200"):
                    return time.perf_counter()
        except OSError:
            pass
        time.sleep(RETRY_SECONDS)
    raise machine.Failure(f"no 200 from {target.path} within {GIVE_UP_SECONDS} s")


def a2(command, seeded_targets):
    """`command(port)` gives the command and its environment; `seeded_targets` are W1 and W4."""
    times = {id: [] for id in seeded_targets}
    resident = proportional = 0
    for turn in range(STARTS):
        port = machine.free_port()
        words, environment = command(port)
        began = time.perf_counter()
        process = machine.start(words, environment)
        try:
            for id, target in seeded_targets.items():
                times[id].append((_until_answer(port, target) - began) * 1000)
            if turn == STARTS - 1:
                time.sleep(REST_SECONDS)
                resident, proportional = machine.resident_bytes(process.pid), machine.proportional_bytes(process.pid)
        finally:
            machine.stop(process)
    first, read = times["W1"], times["W4"]
    say(f"  A2  start to first 200: {median(first):.1f} ms [{min(first):.1f}–{max(first):.1f}], "
        f"to the first authenticated read: {median(read):.1f} ms [{min(read):.1f}–{max(read):.1f}]")
    say(f"  A2  at rest: {resident / 1e6:.1f} MB resident, {proportional / 1e6:.1f} MB proportional")
    return [
        Row("A2", "start to first 200, ms", f"{median(first):.1f} [{min(first):.1f}–{max(first):.1f}]", "–", "–",
            f"≤ {START_GOAL_MILLISECONDS}", median(first) <= START_GOAL_MILLISECONDS),
        Row("A2", "start to first authenticated read, ms", f"{median(read):.1f} [{min(read):.1f}–{max(read):.1f}]", "–", "–",
            f"≤ {START_GOAL_MILLISECONDS}", median(read) <= START_GOAL_MILLISECONDS),
        Row("A2", "resident memory at rest, MB", f"{resident / 1e6:.1f}", f"Pss {proportional / 1e6:.1f}", "–",
            f"≤ {REST_GOAL_BYTES / 1e6:.0f}", resident <= REST_GOAL_BYTES),
    ]

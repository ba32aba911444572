"""What breaks, one function a scenario: it disturbs while work is under way, and says how often it cut something off."""

import signal
import subprocess
import time

from harness import machine
from harness.machine import Failure, say

FROZEN_SECONDS = 60
TERMINATED_SECONDS = 30
HELD_SECONDS = 15
CRASHES = 6


def _under_way(stage, share=0.02):
    """Until work has begun."""
    machine.wait_until(lambda: stage.sink.total >= share * 5 * stage.wanted, 120, "the first steps")


def _signal(node, number):
    node.process.send_signal(number)


def kill(stage, threads):
    """SIGKILL at random, and a new start, until everything was accepted and at least half of the calls were made."""
    kills = 0
    _under_way(stage)
    while kills < 4 or (any(thread.is_alive() for thread in threads) and kills < 40):
        number = stage.random.choice((1, 2))
        _signal(stage.nodes[number], signal.SIGKILL)
        stage.nodes[number].process.wait()
        kills += 1
        time.sleep(stage.random.uniform(0, 2))
        stage.start(number)
        time.sleep(stage.random.uniform(0.5, 4))
    return kills


def stop(stage, threads):
    """A node is frozen while it holds leases: the other takes its work over, and what it writes when it thaws is refused."""
    _under_way(stage)
    _signal(stage.nodes[1], signal.SIGSTOP)
    try:
        time.sleep(FROZEN_SECONDS)
        frozen = stage.cluster.query("select count(*) from execution_queue where lease_expires_at < now() - interval '20 seconds'")[0][0]
        if frozen != "0":
            raise Failure(f"{frozen} leases of the frozen node were not taken over within 20 s of their end")
    finally:
        _signal(stage.nodes[1], signal.SIGCONT)
    return 1


def database(stage, threads):
    """PostgreSQL crashes and comes back."""
    _under_way(stage)
    for _ in range(CRASHES):
        stage.cluster.break_off()
        time.sleep(stage.random.uniform(0.2, 2))
        stage.cluster.begin()
        time.sleep(stage.random.uniform(2, 5))
    return 2 * CRASHES


def backends(stage, threads):
    """Every backend but the superuser's is terminated, again and again."""
    _under_way(stage)
    until, rounds = time.monotonic() + TERMINATED_SECONDS, 0
    while time.monotonic() < until:
        stage.cluster.query("select count(pg_terminate_backend(pid)) from pg_stat_activity where usename <> 'postgres' and backend_type = 'client backend'")
        rounds += 1
        time.sleep(stage.random.uniform(0.2, 1.5))
    return 2 * rounds


def connections(stage, threads):
    """Somebody else takes every connection there is, while the server's own are terminated and can't come back."""
    _under_way(stage)
    terminate = "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename in ('insula_app', 'insula_worker', 'insula_owner')"
    stage.cluster.query(terminate)
    held = []
    try:
        until = time.monotonic() + HELD_SECONDS
        while time.monotonic() < until:
            held = [one for one in held if one.poll() is None]
            if len(held) < 200:
                held.append(subprocess.Popen(
                    ["psql", "-X", "-q", "-h", stage.cluster.folder, "-U", "insula_owner", "-d", stage.cluster.name, "-c", f"select pg_sleep({HELD_SECONDS})"],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            else:
                time.sleep(0.05)
    finally:
        for one in held:
            one.kill()
            one.wait()
    return 4


def rolling(stage, threads):
    """Each node is told to stop, hands its work back, and is started again; nothing is cut off."""
    _under_way(stage)
    for number in (1, 2, 1, 2):
        node = stage.nodes[number]
        _signal(node, signal.SIGTERM)
        status = node.process.wait(60)
        if status != 0:
            raise Failure(f"node {number} ended with status {status}")
        stage.start(number)
        time.sleep(1)
    return 0


ALL = {"kill": kill, "stop": stop, "database": database, "backends": backends, "connections": connections, "rolling": rolling}

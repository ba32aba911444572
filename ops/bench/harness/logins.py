"""Logging in: does the time of a failure tell what was wrong, and do reads go on beside a storm of logins?"""

import http.client
import itertools
import json
import os
import threading
import time
from statistics import median

from . import load
from .machine import Failure, say
from .pressure import Peak
from .product import TENANT
from .report import Ratio, Row

# The server takes loopback for a proxy, so that each attempt can come from an address of its own and none is refused for its number.
SURROUNDINGS = {"INSULA_TRUSTED_PROXIES": "127.0.0.1"}
ROUNDS = 75  # of four attempts each
TIMING_GOAL = 0.05
STORM_CLIENTS = 24
STORM_GOAL = 1.5
PACE_MILLISECONDS = 32
HASH_BYTES = 19 << 20
SLACK_BYTES = 96 << 20

_numbers = itertools.count()


class Entrance:
    """A kept connection that tries to log in."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=load.TIMEOUT_SECONDS)
        self.connection.connect()

    def attempt(self, login, password, tenant):
        """The status, and the seconds until the whole answer was there."""
        number = next(_numbers)
        fields = {"Content-Type": "application/json", "X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
        body = json.dumps({"login": login, "password": password, "tenant": tenant})
        begun = time.perf_counter()
        self.connection.request("POST", "/v1/login", body, fields)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status, time.perf_counter() - begun

    def close(self):
        self.connection.close()


def timing(our, seeded, cluster):
    """The four ways to fail in turn, each from elsewhere; the counts of attempts are forgotten in between."""
    cluster.query(f"""
        insert into users (tenant_id, id, username, email, role, password_hash, state)
        select tenant_id, gen_random_uuid(), 'disabled', 'disabled@bench.invalid', 'member', password_hash, 'disabled'
        from users where tenant_id = '{seeded.tenant}' and username = 'owner' on conflict do nothing""")
    ways = {"wrong password": ("owner", TENANT), "unknown user": ("nobody", TENANT), "disabled": ("disabled", TENANT),
            "unknown tenant": ("owner", "no-such-tenant")}
    seconds = {way: [] for way in ways}
    entrance = Entrance(our.port)
    try:
        for round in range(ROUNDS + 3):
            cluster.query("delete from guess_budgets")
            for way, (login, tenant) in ways.items():
                status, taken = entrance.attempt(login, "not the password", tenant)
                if status != 401:
                    raise Failure(f"{way}: a login is answered {status}")
                if round >= 3:  # the first ones prepare statements
                    seconds[way].append(taken)
    finally:
        entrance.close()
    medians = {way: median(taken) for way, taken in seconds.items()}
    spread = max(medians.values()) / min(medians.values()) - 1
    say("  login  " + ", ".join(f"{way} {taken * 1000:.2f} ms" for way, taken in medians.items()))
    return [Row("login", f"{4 * ROUNDS} interleaved failing logins, ms", f"{min(medians.values()) * 1000:.1f}",
                f"slowest {max(medians.values()) * 1000:.1f}", f"{spread:+.1%}", f"≤ {TIMING_GOAL:.0%} apart", spread <= TIMING_GOAL)]


class Storm:
    """Clients that try to log in as fast as they are answered, as somebody else from elsewhere each time."""

    def __init__(self, port):
        self.over, self.statuses = threading.Event(), []
        self.threads = [threading.Thread(target=self._run, args=(port,), daemon=True) for _ in range(STORM_CLIENTS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _run(self, port):
        entrance = Entrance(port)
        while not self.over.is_set():
            status, _ = entrance.attempt(f"nobody-{next(_numbers)}", "not the password", TENANT)
            self.statuses.append(status)
        entrance.close()


def w11(our, seeded, cluster, options):
    """W4, paced, with and without a storm that keeps every password thread busy."""
    # Rates are bounded by plan, and this one is about the cores.
    cluster.query(f"""update tenants set quotas = '{{"requests_per_minute": 100000000}}' where tenant_id = '{seeded.tenant}'""")
    target = our.targets["W4"]
    read = lambda: load.wrk(our.base + target.path, options.seconds, target.headers, pace_milliseconds=PACE_MILLISECONDS)
    read()
    alone, beside, statuses, grown = [], [], [], 0
    for _ in range(options.rounds):
        alone.append(read())
        with Peak(our.process.pid) as peak, Storm(our.port) as storm:
            beside.append(read())
        statuses += storm.statuses
        grown = max(grown, peak.bytes)
    if any(sample.refused or sample.broken for sample in alone + beside) or set(statuses) - {401, 503}:
        raise Failure(f"reads or logins were answered otherwise: {sorted(set(statuses))}")
    ratio = Ratio.of([sample.p99 for sample in beside], [sample.p99 for sample in alone])
    bound = SLACK_BYTES + max(1, os.cpu_count() // 2) * HASH_BYTES
    say(f"  W11  {len(statuses)} logins, {statuses.count(503)} of them refused; memory at most {grown / 1e6:.0f} MB")
    return [Row("W11", "W4 beside a storm of logins, p99 µs", f"{median(sample.p99 for sample in beside):.0f}",
                f"without {median(sample.p99 for sample in alone):.0f}", str(ratio), f"≤ {STORM_GOAL}, memory ≤ {bound / 1e6:.0f} MB",
                ratio.middle <= STORM_GOAL and grown <= bound)]

"""Logins and limits: a storm of logins beside reads, a tenant far over its limit beside a quiet one, the times of failed logins, and an
installation with ten thousand tenants."""

import random
import re
import time
import urllib.request
from statistics import median

from . import load, machine, tenants, workloads
from .machine import BUILT, Failure, say
from .pressure import Peak
from .product import PROXIES, TENANT, Insula
from .report import Ratio, Row

STORM_ACCOUNTS = 2_000
STORM_LEAD_SECONDS = 0.5
STORM_GOAL = 1.5
# A hash's memory, and what connections, sessions and caches may take beside it.
HASH_BYTES = 19 << 20
BESIDE_BYTES = 8 << 20
LOUD_PLAN, LOUD_TIMES = "professional", 50
LOUD_PACE_MILLISECONDS = 15  # 64 connections: 4,200 requests/s, fifty times the 5,000 a minute of the plan
LOUD_GOAL = 1.3
LOGINS = 300
LOGIN_GOAL = 0.05
MANY_TENANTS, MANY_PEOPLE, MANY_KEYS = 10_000, 10, 1_000
MANY_LOGINS = 100
MANY_GOAL = 0.8


def _need_logins(product):
    if not product.can_log_in:
        raise Failure("the stand-in knows no logins")


def _metric(server, name):
    with urllib.request.urlopen(server.base + "/metrics", timeout=load.TIMEOUT_SECONDS) as answer:
        found = re.search(rf"^{name} ([0-9.e+]+)$", answer.read().decode(), re.M)
    if not found:
        raise Failure(f"/metrics has no {name}")
    return float(found[1])


def _addresses():
    """One address after another."""
    number = random.randrange(1 << 20)
    while True:
        number += 1
        yield f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _paced(server, options):
    """Reads at 2,000 a second, away from saturation."""
    target = server.targets["W4"]
    return load.wrk(server.base + target.path, options.seconds, target.headers, pace_milliseconds=workloads.PACE["W4"])


# W11


def _storm(product, server, seconds, connections=load.CONNECTIONS, addresses=True):
    settings = {"STORM_ACCOUNTS": str(STORM_ACCOUNTS), "STORM_TENANT": TENANT, "STORM_PASSWORD": product.password}
    if addresses:
        settings["STORM_ADDRESSES"] = "1"
    return load.Wrk(server.base, seconds, connections=connections, statuses=True, script="storm", settings=settings)


def _counted(sample):
    return ", ".join(f"{code} × {count:,}" for code, count in sorted(sample.statuses.items())) or "no answer"


def w11(product, options):
    """Reads beside a storm of logins that hashes as much as the pool takes."""
    _need_logins(product)
    product.add_people(STORM_ACCOUNTS)
    server = product.start(PROXIES)
    alone, beside, storms = [], [], []
    try:
        _paced(server, options)
        _storm(product, server, 1).result()
        rest, hashed = machine.resident_bytes(server.process.pid), _metric(server, "insula_password_hashes_total")
        began = time.monotonic()
        with Peak(server.process.pid) as peak:
            for _ in range(options.rounds):
                alone.append(_paced(server, options))
                storm = _storm(product, server, options.seconds + 2 * STORM_LEAD_SECONDS)
                time.sleep(STORM_LEAD_SECONDS)
                beside.append(_paced(server, options))
                storms.append(storm.result())
        hashes = (_metric(server, "insula_password_hashes_total") - hashed) / sum(storm.seconds for storm in storms)
        most = int(_metric(server, "insula_password_hashes_running_most"))
        for storm in storms:
            say(f"  W11 storm of {load.CONNECTIONS} connections: {_counted(storm)}, p50 {storm.p50 / 1e6:.2f} s")
        say(f"  W11 {hashes:.0f} hashes/s, {most} at once; it took {time.monotonic() - began:.0f} s")
        crowd = _storm(product, server, options.seconds, connections=4 * load.CONNECTIONS)
        crowded = _paced(server, options)
        say(f"  W11 four times as many connections: {_counted(crowd.result())}; reads beside them p99 {crowded.p99 / 1000:.2f} ms")
        one = _storm(product, server, options.seconds, addresses=False).result()
        say(f"  W11 from one address, without further trickery: {_counted(one)}")
    finally:
        server.stop()
    ratio = Ratio.of([sample.p99 for sample in beside], [sample.p99 for sample in alone])
    middles = Ratio.of([sample.p50 for sample in beside], [sample.p50 for sample in alone])
    say(f"  W11 reads: p50 {middles}, p99 {ratio}; broken {sum(sample.broken + sample.refused for sample in beside)}")
    grown, bound = peak.bytes - rest, most * HASH_BYTES + BESIDE_BYTES
    refused = sum(storm.statuses.get("503", 0) for storm in storms)
    return [
        Row("W11", f"paced reads beside {hashes:.0f} logins/s, p99 µs", f"{median(sample.p99 for sample in beside):.0f}",
            f"without {median(sample.p99 for sample in alone):.0f}", str(ratio), f"≤ {STORM_GOAL}", ratio.middle <= STORM_GOAL),
        Row("W11", f"memory growth in the storm ({refused} × 503)", f"+{grown / 1e6:.0f} MB", f"{most} hashes at once", "–",
            f"≤ {bound / 1e6:.0f} MB", grown <= bound),
    ]


# W12


def w12(product, options):
    """Reads of a quiet tenant beside one that sends fifty times what its plan holds."""
    _need_logins(product)
    loud = tenants.add(product.cluster, [f"loud-{time.monotonic_ns()}"], LOUD_PLAN, "{}")[0]
    server = product.start()
    alone, beside, louds = [], [], []
    try:
        _paced(server, options)
        # What the bucket holds is spent first: a minute's quota at once.
        cheap = _refusals(server, loud, options)
        for _ in range(options.rounds):
            alone.append(_paced(server, options))
            noise = load.Wrk(server.base + loud.path, options.seconds + 1, loud.headers, pace_milliseconds=LOUD_PACE_MILLISECONDS, statuses=True)
            time.sleep(STORM_LEAD_SECONDS)
            beside.append(_paced(server, options))
            louds.append(noise.result())
    finally:
        server.stop()
    for noise in louds:
        say(f"  W12 loud tenant: {noise.rate:,.0f} requests/s, {_counted(noise)}")
    ratio = Ratio.of([sample.p99 for sample in beside], [sample.p99 for sample in alone])
    return [
        Row("W12", f"quiet tenant beside one at {LOUD_TIMES} × its limit, p99 µs", f"{median(sample.p99 for sample in beside):.0f}",
            f"alone {median(sample.p99 for sample in alone):.0f}", str(ratio), f"≤ {LOUD_GOAL}", ratio.middle <= LOUD_GOAL),
        Row("W12", "CPU of a 429, µs", f"{cheap:.1f}", "–", "–", "–", None),
    ]


def _refusals(server, loud, options):
    """The server's CPU for one refused request."""
    load.wrk(server.base + loud.path, 1, loud.headers)
    before = machine.cpu_microseconds(server.process.pid)
    sample = load.wrk(server.base + loud.path, options.seconds, loud.headers, statuses=True)
    spent = machine.cpu_microseconds(server.process.pid) - before
    refused = sample.statuses.get("429", 0)
    say(f"  W12 as fast as it goes: {_counted(sample)}")
    if refused < 0.9 * sample.requests:
        raise Failure(f"of {sample.requests} requests far over the limit only {refused} were refused")
    return spent / sample.requests


# logins

KINDS = {
    "wrong password": ("active{}", TENANT), "unknown user": ("nobody{}", TENANT), "disabled user": ("disabled{}", TENANT),
    "unverified user": ("unverified{}", TENANT), "unknown tenant": ("active{}", "no-such-tenant"),
}


def logins(product, options):
    """Logins that can't succeed, of five kinds in one shuffled order: nobody must be able to tell them apart by time."""
    _need_logins(product)
    each = LOGINS // len(KINDS)
    product.add_people(each)
    seed = random.randrange(1 << 32)
    order = [(kind, number) for number in range(1, each + 1) for kind in KINDS]
    random.Random(seed).shuffle(order)
    say(f"  logins seed {seed}")
    addresses, times, answers = _addresses(), {kind: [] for kind in KINDS}, set()
    server = product.start(PROXIES)
    try:
        for number in range(1, 6):
            product.log_in(server, f"nobody-warm-{number}", address=next(addresses))
        for kind, number in order:
            name, tenant = KINDS[kind]
            # A wrong password for those who could log in with it, and the right one for those who could not.
            password = "not the right password" if kind == "wrong password" else product.password
            began = time.perf_counter()
            status, answer = product.log_in(server, name.format(number), password, tenant, next(addresses))
            times[kind].append((time.perf_counter() - began) * 1000)
            answers.add((status, answer.get("code"), answer.get("detail")))
    finally:
        server.stop()
    if {status for status, _, _ in answers} != {401} or len(answers) != 1:
        raise Failure(f"failed logins are told apart: {answers}")
    middles = {kind: median(found) for kind, found in times.items()}
    for kind, middle in middles.items():
        say(f"  logins {kind:<16}{middle:.2f} ms [{min(times[kind]):.2f}–{max(times[kind]):.2f}]")
    spread = max(middles.values()) / min(middles.values()) - 1
    return [Row("logins", f"{LOGINS} failed logins of {len(KINDS)} kinds, medians ms", f"{min(middles.values()):.2f}–{max(middles.values()):.2f}",
                f"seed {seed}", f"{spread:.1%} apart", f"≤ {LOGIN_GOAL:.0%}", spread <= LOGIN_GOAL)]


# S2


def s2(product, options):
    """Reads and logins of an installation with many tenants, against those of one with a single tenant."""
    _need_logins(product)
    full = Insula(product.cluster.another(f"full_{time.monotonic_ns()}"), product.binary, "insula full")
    try:
        return _compared(product, full, _fill(full), options)
    finally:
        full.remove()


def _fill(full):
    began = time.monotonic()
    made = tenants.add(full.cluster, [f"tenant-{number}" for number in range(MANY_TENANTS)])
    tenants.add_people(full.cluster, full.password_hash, MANY_PEOPLE, "slug like 'tenant-%'")
    full.cluster.query("vacuum analyze")
    say(f"  S2  {MANY_TENANTS:,} tenants with {MANY_PEOPLE} people each were made in {time.monotonic() - began:.0f} s")
    return made


def _compared(product, full, made, options):
    for one in (product, full):
        one.add_people(MANY_LOGINS)
    many = BUILT / "many"
    # Every tenth tenant, so that neither indexes nor caches are met in the order they were filled.
    many.write_text("".join(f"{one.path}\t{one.key}\n" for one in made[:: MANY_TENANTS // MANY_KEYS]))
    empty_server, rates, times = product.start(PROXIES), {"empty": [], "one": [], "many": []}, {"empty": [], "full": []}
    try:
        server = full.start(PROXIES)
        try:
            for one in (empty_server, server):
                load.wrk(one.base + one.targets["W4"].path, 1, one.targets["W4"].headers)
            for _ in range(options.rounds):
                rates["empty"].append(load.measured(empty_server, empty_server.targets["W4"], options.seconds).rate)
                rates["one"].append(load.measured(server, server.targets["W4"], options.seconds).rate)
                rates["many"].append(load.measured(server, server.targets["W4"], options.seconds, script="many", settings={"MANY": str(many)}).rate)
            addresses = _addresses()
            for number in range(1, MANY_LOGINS + 1):
                somebody = (f"active{number % MANY_PEOPLE + 1}", made[number * (MANY_TENANTS // MANY_LOGINS) - 1].slug)
                for side, one, at, who in (("empty", product, empty_server, (f"active{number}", TENANT)), ("full", full, server, somebody)):
                    began = time.perf_counter()
                    status, answer = one.log_in(at, who[0], tenant=who[1], address=next(addresses))
                    times[side].append((time.perf_counter() - began) * 1000)
                    if status != 200:
                        raise Failure(f"a login of {who} answers {status}: {answer}")
        finally:
            server.stop()
    finally:
        empty_server.stop()
    rows = []
    for name, what in (("one", "one key"), ("many", f"keys of {MANY_KEYS:,} tenants")):
        ratio = Ratio.of(rates[name], rates["empty"])
        rows.append(Row("S2", f"reads among {MANY_TENANTS:,} tenants, {what}, requests/s", f"{median(rates[name]):,.0f}",
                        f"empty {median(rates['empty']):,.0f}", str(ratio), f"≥ {MANY_GOAL}", ratio.middle >= MANY_GOAL))
    ratio = Ratio.of(times["empty"], times["full"])
    rows.append(Row("S2", f"login among {MANY_TENANTS * MANY_PEOPLE:,} people, ms", f"{median(times['full']):.1f}",
                    f"empty {median(times['empty']):.1f}", f"{ratio.middle:.2f}", f"≥ {MANY_GOAL}", ratio.middle >= MANY_GOAL))
    return rows

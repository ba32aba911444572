"""W1 and W4: the same request to every server, in turn, round after round (A B C A B C …), after the answers agreed."""

from statistics import median

from . import identifiers, load, servers
from .machine import BUILT, Failure, say
from .report import Ratio, Row, detail

WARM_SECONDS = 1
PACE_SECONDS = 3
PACE = {"W1": 8, "W4": 32}  # milliseconds between a connection's requests: 8,000 and 2,000 requests/s over 64 connections
CHOICE_SECONDS = 2
PGBENCH_CHOICES = [(clients, threads) for clients in (16, 32, 64) for threads in (1, 2)]


def agree_on_health(running):
    expected = servers.raw_health(running[0])
    for server in running:
        status, _ = load.request(server.base, "/healthz")
        if status != 200 or servers.raw_health(server) != expected:
            raise Failure(f"{server.name} answers /healthz otherwise than {running[0].name}")


def agree_on_read(server, seeded, spellings):
    """Every agent is found with the key, none without it, and one that doesn't exist isn't."""
    target = server.targets["W4"]
    for id, spelling in zip(seeded.ids[:3], spellings):
        status, body = load.request(server.base, f"/v1/agents/{spelling}", target.headers)
        if status != 200 or identifiers.plain(body["id"]) != id:
            raise Failure(f"{server.name} answers {status} with {body} for agent {id}")
    path = target.path
    if load.request(server.base, path)[0] != 401 or load.request(server.base, path, ["Authorization: Bearer no"])[0] != 401:
        raise Failure(f"{server.name} reads an agent without a key")
    missing = spellings[0][:-4] + "0000"
    if load.request(server.base, f"/v1/agents/{missing}", target.headers)[0] != 404:
        raise Failure(f"{server.name} finds an agent that doesn't exist")


def _contenders(id, running):
    """Name, server and request of each: a server that also takes tokens runs twice."""
    found = [(server.name, server, server.targets[id]) for server in running]
    tokens = [(f"{server.name}, token", server, server.targets[f"{id} token"]) for server in running if f"{id} token" in server.targets]
    return found[:1] + tokens + found[1:]


def interleave(id, running, options, cluster=None, extra=None):
    """Samples by contender's name. `extra` is one more that isn't a server: a name and a function of seconds."""
    contenders = _contenders(id, running)
    for _, server, target in contenders:
        load.wrk(server.base + target.path, WARM_SECONDS, target.headers)
    samples = {name: [] for name, _, _ in contenders}
    for _ in range(options.rounds):
        for name, server, target in contenders:
            samples[name].append(load.measured(server, target, options.seconds, cluster))
        if extra:
            samples.setdefault(extra[0], []).append(extra[1](options.seconds))
    for name, rounds in samples.items():
        detail(id, name, rounds)
    return samples


def pace(id, running):
    """p50 and p99 away from saturation; no goal hangs on them."""
    for name, server, target in _contenders(id, running):
        sample = load.wrk(server.base + target.path, PACE_SECONDS, target.headers, pace_milliseconds=PACE[id])
        say(f"  {id}  {name:<22}{sample.rate:>10,.0f} requests/s, paced   p50 {sample.p50 / 1000:.2f} ms  p99 {sample.p99 / 1000:.2f} ms")


def w1(our, options):
    """CPU a request, so a peer's figure stands above the line: more is better for us."""
    health = servers.raw_health(our)
    goals = {"hummingbird": 2.5, "go": 1.4, "fastapi": 8, "nginx": 0.8}
    peers = [servers.hummingbird(health), servers.go(health), servers.fastapi(health), servers.nginx(health)]
    try:
        agree_on_health([our, *peers])
        samples = interleave("W1", [our, *peers], options)
        pace("W1", [our, *peers])
    finally:
        for peer in peers:
            peer.stop()
    cost = lambda name: [sample.server_cpu for sample in samples[name]]
    rows = []
    for peer in peers:
        ratio = Ratio.of(cost(peer.name), cost(our.name))
        rows.append(Row("W1", f"GET /healthz, CPU µs a request, {peer.name}", f"{median(cost(our.name)):.1f}",
                        f"{median(cost(peer.name)):.1f}", str(ratio), f"≥ {goals[peer.name]}", ratio.middle >= goals[peer.name]))
    return rows


def choose_pgbench(cluster, script, seeded):
    """The number of clients and threads that gives pgbench the most."""
    rates = {choice: load.pgbench(cluster, script, seeded, *choice, CHOICE_SECONDS).rate for choice in PGBENCH_CHOICES}
    return max(rates, key=rates.get)


def w4(our, seeded, cluster, statements, options):
    """Requests a second through authentication, row-level security and JSON; the CPU stands beside."""
    health = servers.raw_health(our)
    reading = statements.peer_environment(seeded, cluster.peer_url())
    script = BUILT / "w4.pgbench"
    script.write_text(statements.pgbench_script())
    peers = [servers.go(health, reading, form) for form in ("batch", "transaction")] + [servers.fastapi(health, reading)]
    try:
        for peer in peers:
            peer.reads(seeded.ids[0], seeded.key)
            agree_on_read(peer, seeded, seeded.ids)
        agree_on_read(our, seeded, seeded.spellings)
        statements.agree(cluster, seeded)
        clients, threads = choose_pgbench(cluster, script, seeded)
        bench = f"pgbench -c{clients} -j{threads}", lambda seconds: load.pgbench(cluster, script, seeded, clients, threads, seconds)
        samples = interleave("W4", [our, *peers], options, cluster, bench)
        pace("W4", [our, *peers])
    finally:
        for peer in peers:
            peer.stop()
    goals = [(bench[0], "pipelined, the limit", 0.65), (peers[0].name, "one round trip", 2.5),
             (peers[1].name, "four round trips", 2.5), (peers[2].name, "four round trips", 8)]
    rate = lambda name: [sample.rate for sample in samples[name]]
    rows = []
    for ours, credential in ((our.name, "key"), (f"{our.name}, token", "token")):
        for name, form, goal in goals if ours in samples else []:
            ratio = Ratio.of(rate(ours), rate(name))
            rows.append(Row("W4", f"read under RLS with a {credential}, requests/s, {name} ({form})", f"{median(rate(ours)):,.0f}",
                            f"{median(rate(name)):,.0f}", str(ratio), f"≥ {goal}", ratio.middle >= goal))
    return rows

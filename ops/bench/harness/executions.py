"""The execution core: what it does a second, how soon it starts, what a claim costs behind a million others, and a tenant beside a noisy one.

The task does nothing, under the full contract: its trigger is durable when it is answered, a worker claims it under a lease, its one
step stands in the journal, and its end is durable too, with events, log and audit line all along.
"""

import json
import re
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from . import capture, identifiers, load, machine, servers, tenants, workloads
from .database import OWNER, REQUESTS
from .machine import BENCH, BUILT, Failure, say
from .report import Ratio, Row

BLUEPRINT = {"tools": [{"name": "template", "config": {"template": "done"}}], "strategy": {"name": "reactive", "config": {}}}
INPUT = '{"input":{"data":{}}}'
HISTORY, PAST = 5_000, "now() - interval '1 day'"
RECENT = "created_at > now() - interval '1 hour'"
DRAIN_SECONDS = 60
POLL_SECONDS = 0.05
# As the server's own connections are set for these statements.
LANE_SETTINGS = "-c jit=off -c enable_seqscan=off -c random_page_cost=0.1"
# Executions that pgbench does at once: half of the places of a node, and more than it mostly has free.
BATCH = 32
PGBENCH_CHOICES = (2, 4, 8)
CHOICE_SECONDS = 2
# Until each of its clients has prepared and planned its statements, which a server does once.
PGBENCH_WARM_SECONDS = 5
PROCRASTINATE = {"workers": 2, "concurrency": 32, "callers": 32}
GOAL_PGBENCH, GOAL_PROCRASTINATE = 0.5, 10
START_RATE, START_SECONDS, START_GOAL_MILLISECONDS = 300, 8, 25
CLAIM_FEW, CLAIM_MANY, CLAIM_TENANTS, CLAIM_SECONDS, CLAIM_GOAL = 1_000, 1_000_000, 10_000, 3, 1.2
STORED_GOAL = 0.8
NOISE, NOISY_RATE, NOISY_SECONDS, NOISY_GOAL = 100_000, 20, 6, 2


@dataclass
class Rate:
    """Executions from the first trigger to the last end, by the database's clock."""

    count: int
    seconds: float
    server_cpu: float = 0
    database_cpu: float = 0

    @property
    def rate(self):
        return self.count / self.seconds


def _say(name, rates):
    middle = lambda field: median(getattr(rate, field) for rate in rates)
    say(f"  W13 {name:<30}{middle('rate'):>8,.0f} executions/s{middle('server_cpu'):>8.0f} µs server{middle('database_cpu'):>8.0f} µs PostgreSQL")


# The task that does nothing


def _agent(product, server, key):
    """An agent that may be triggered: its id as the server spells it."""
    headers = [f"Authorization: Bearer {key}"]
    body = {"name": "nothing", "description": "does nothing", "blueprint": BLUEPRINT}
    status, answer = load.request(server.base, "/v1/agents", headers, "POST", body)
    if status != 201 or load.request(server.base, f"/v1/agents/{answer['id']}/start", headers, "POST")[0] != 200:
        raise Failure(f"the agent that does nothing could not be started: {status} {answer}")
    return answer["id"]


def _target(agent, key):
    return servers.Target(f"/v1/agents/{agent}/trigger", (f"Authorization: Bearer {key}",))


def _trigger(server, target):
    status, answer = load.request(server.base, target.path, target.headers, "POST", {"input": {"data": {}}})
    if status != 202:
        raise Failure(f"{target.path} answers {status}: {answer}")
    return identifiers.plain(answer["id"])


def _clear(cluster):
    """Each round begins with the same short history and nothing queued, and PostgreSQL knows what its tables hold: none pays for what
    another has left."""
    cluster.query(f"""
truncate executions, execution_queue, execution_steps, execution_logs, execution_signals, event_outbox, events, event_sequences,
    queue_shares, audit_log cascade;
begin;
set local session_replication_role = replica;
insert into executions (tenant_id, id, definition_id, definition_version, state, trigger, input, max_attempts, timeout_milliseconds,
    created_at, started_at, finished_at)
select d.tenant_id, gen_random_uuid(), d.id, 1, 'succeeded', 'manual', '{{}}', 3, 300000, {PAST}, {PAST}, {PAST}
from (select tenant_id, id from definitions limit 1) d, generate_series(1, {HISTORY});
insert into execution_steps (tenant_id, execution_id, step_key, tool, effect, input_hash, input, status, attempt, epoch)
select tenant_id, id, 'tool[0]', 'template', 'pure', sha256(''), '{{}}', 'succeeded', 1, 1 from executions;
insert into execution_logs (tenant_id, execution_id, seq, level, message, metadata)
select tenant_id, id, seq, 'info', 'started', '{{}}' from executions, generate_series(1, 4) seq;
commit;
vacuum analyze;
checkpoint
""")


def _wait_until_done(cluster, condition="true"):
    question = f"select count(*) from execution_queue where {condition}"
    machine.wait_until(lambda: not time.sleep(POLL_SECONDS) and cluster.query(question) == [["0"]], DRAIN_SECONDS, "the end of all executions")


def _ended(cluster, condition="true"):
    """How many have succeeded, and the seconds from the first trigger to the last end."""
    count, seconds, others = cluster.query(
        "select count(*) filter (where state = 'succeeded'), extract(epoch from max(finished_at) - min(created_at)), "
        f"count(*) filter (where state <> 'succeeded') from executions where {RECENT} and {condition}")[0]
    if int(others) or not int(count):
        raise Failure(f"{count} executions succeeded, {others} did not")
    return int(count), float(seconds)


def _ours(product, server, target, seconds, condition="true"):
    """A round: triggers as fast as they are answered for a while, and the time until the last of them has ended."""
    cluster = product.cluster
    before = machine.cpu_microseconds(server.process.pid), cluster.cpu_microseconds()
    sample = load.wrk(server.base + target.path, seconds, target.headers, settings={"BODY": INPUT})
    if sample.refused or sample.broken:
        raise Failure(f"{sample.refused} triggers refused and {sample.broken} broken of {sample.requests}; one more: {_trigger(server, target)}")
    _wait_until_done(cluster, condition)
    count, elapsed = _ended(cluster, condition)
    return Rate(count, elapsed, (machine.cpu_microseconds(server.process.pid) - before[0]) / count,
                (cluster.cpu_microseconds() - before[1]) / count)


# pgbench


def _claim_row(claim, limit, place=None):
    """The claim of so many, and its executions as the variables e1, e2, … of pgbench. All else is as the server sends it."""
    given = {claim.parameters[2]: limit} | ({claim.parameters[3]: place} if place else {})
    text = claim.text(given)
    head, found, tail = text.rpartition("\nSELECT taken.tenant_id")
    if not found:
        raise Failure("the claim ends otherwise than the harness knows")
    ids = ", ".join(f"coalesce((array_agg(execution_id))[{at}], '00000000-0000-0000-0000-000000000000') AS e{at}" for at in range(1, limit + 1))
    return f"{head}, answer AS (SELECT taken.tenant_id{tail.replace('taken.execution_id,', 'taken.execution_id AS execution_id,', 1)}) SELECT {ids} FROM answer"


def _script(contract, tenant):
    """As the core does it, in batches: one transaction of triggers, one claim, one transaction that begins what was claimed, and one
    that writes all steps, logs and ends, each sent as one pipeline. The server gathers what comes in while its last commit is under
    way, at most 120 triggers, 60 beginnings or 40 ends a transaction, and claims as many as it has free places. The script always has
    full batches of 32, so it commits less often than the server; and it has no HTTP, no JSON, no tool."""
    scope = f"SELECT set_config('insula.tenant', '{tenant}', true);"
    one = "{" + contract.execution + "}"
    new = contract.trigger.many(BATCH, {one: "ARRAY[" + ", ".join(["insula_uuid7()"] * BATCH) + "]"})
    lines = ["\\startpipeline", scope, new + ";", "\\endpipeline"]
    lines += ["BEGIN;", "SET LOCAL ROLE insula_worker;", contract.lock.text() + ";", _claim_row(contract.claim, BATCH), "\\gset", "COMMIT;"]
    claimed = {one: "ARRAY[" + ", ".join(f":e{at}::uuid" for at in range(1, BATCH + 1)) + "]"}
    for calls in (contract.begin, contract.end):
        lines += ["\\startpipeline", scope]
        # The states in which a run may begin are those of all of them.
        lines += [call.many(BATCH, claimed, apart=(3,) if "state = 'running'" in call.sql else ()) + ";" for call in calls]
        lines.append("\\endpipeline")
    return "\n".join(lines) + "\n"


def _pgbench(cluster, script, clients, seconds):
    before = cluster.cpu_microseconds()
    finished = subprocess.run(
        ["pgbench", "-n", "-M", "prepared", "-f", script, f"-c{clients}", f"-j{min(2, clients)}", f"-T{max(1, round(seconds))}",
         "-h", cluster.folder, "-U", OWNER, cluster.name],
        capture_output=True, text=True, env=machine.surroundings({"PGOPTIONS": f"-c role={REQUESTS} {LANE_SETTINGS}"}))
    latency = re.search(r"latency average = ([0-9.]+) ms", finished.stdout)
    if finished.returncode or not latency or "aborted" in finished.stderr:
        raise Failure("pgbench: " + (finished.stderr.strip()[-2000:] or finished.stdout.strip()))
    return float(latency[1]), cluster.cpu_microseconds() - before


def _pgbench_rate(cluster, script, clients, seconds):
    """Of what a longer run ended, that of its last seconds."""
    _clear(cluster)
    _, cpu = _pgbench(cluster, script, clients, PGBENCH_WARM_SECONDS + seconds)
    whole, _ = _ended(cluster)
    count, _ = _ended(cluster, f"finished_at > (select max(finished_at) - interval '{seconds} seconds' from executions)")
    return Rate(count, seconds, 0, cpu / whole)


# procrastinate


class Procrastinate:
    """Its worker's processes and its callers, on the same PostgreSQL. Its history is kept, as ours is."""

    def __init__(self, cluster):
        self.database = cluster.another("procrastinate")
        self.python, self.file = servers.build_procrastinate(), BENCH / "peers" / "procrastinate" / "peer.py"
        self.environment = {"PEER_DATABASE": self.database.url()}
        self.log = BUILT / "logs" / "procrastinate.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._run("schema")
        self.workers = [machine.start(self._command("work", PROCRASTINATE["concurrency"]), self.environment, self.log)
                        for _ in range(PROCRASTINATE["workers"])]
        self.measure(1)

    def _command(self, *words):
        return [self.python, self.file, *map(str, words)]

    def _run(self, *words):
        finished = subprocess.run(self._command(*words), capture_output=True, text=True, env=machine.surroundings(self.environment))
        if finished.returncode:
            raise Failure(f"procrastinate: {finished.stderr.strip()[-2000:]}")

    def measure(self, seconds):
        self.database.query("vacuum analyze; checkpoint")
        last = self.database.query("select coalesce(max(id), 0) from procrastinate_jobs")[0][0]
        spent = lambda: sum(machine.cpu_microseconds(worker.pid) for worker in self.workers)
        before = spent(), self.database.cpu_microseconds()
        self._run("defer", seconds, PROCRASTINATE["callers"])
        open_jobs = "select count(*) from procrastinate_jobs where status <> 'succeeded'"
        machine.wait_until(lambda: not time.sleep(POLL_SECONDS) and self.database.query(open_jobs) == [["0"]], DRAIN_SECONDS, "procrastinate's end")
        count, elapsed = self.database.query(
            "select count(*) filter (where type = 'succeeded'), extract(epoch from max(at) - min(at)) "
            f"from procrastinate_events where job_id > {last}")[0]
        return Rate(int(count), float(elapsed), (spent() - before[0]) / int(count), (self.database.cpu_microseconds() - before[1]) / int(count))

    def stop(self):
        for worker in self.workers:
            machine.stop(worker)


# W13


@contextmanager
def _at_work(product):
    """A server with its worker, and the request that triggers the task that does nothing."""
    server = product.start()
    try:
        yield server, _target(_agent(product, server, product.seeded.key), product.seeded.key)
    finally:
        server.stop()


def contract_of(product):
    """The statements of one execution, by a server that is logged for it."""
    capture.logging(product.cluster, True)
    try:
        with _at_work(product) as (server, target):
            return capture.contract(product.cluster, lambda: _trigger(server, target))
    finally:
        capture.logging(product.cluster, False)


def w13(product, options):
    """Executions a second, from the trigger to the end; and how soon one starts that comes to a worker with time to spare."""
    cluster = product.cluster
    contract = contract_of(product)
    script = BUILT / "w13.pgbench"
    script.write_text(_script(contract, product.seeded.tenant))
    choices = {clients: _pgbench_rate(cluster, script, clients, CHOICE_SECONDS).rate for clients in PGBENCH_CHOICES}
    clients = max(choices, key=choices.get)
    names = ("insula", f"pgbench -c{clients}, batches of {BATCH}", "procrastinate")
    rates = {name: [] for name in names}
    peer = Procrastinate(cluster)
    try:
        for _ in range(options.rounds):
            _clear(cluster)
            with _at_work(product) as (server, target):
                load.wrk(server.base + target.path, 1, target.headers, settings={"BODY": INPUT})
                _wait_until_done(cluster)
                _clear(cluster)
                rates[names[0]].append(_ours(product, server, target, options.seconds))
            rates[names[1]].append(_pgbench_rate(cluster, script, clients, options.seconds))
            rates[names[2]].append(peer.measure(options.seconds))
    finally:
        peer.stop()
    for name in names:
        _say(name, rates[name])
    rows = []
    ours = [rate.rate for rate in rates[names[0]]]
    for name, goal in zip(names[1:], (GOAL_PGBENCH, GOAL_PROCRASTINATE)):
        theirs = [rate.rate for rate in rates[name]]
        ratio = Ratio.of(ours, theirs)
        rows.append(Row("W13", f"task that does nothing, executions/s, {name}", f"{median(ours):,.0f}", f"{median(theirs):,.0f}",
                        str(ratio), f"≥ {goal}", ratio.middle >= goal))
    return rows + [_start_row(product)]


def _waits(cluster, condition="true"):
    """p50, p95 and p99 of the milliseconds from trigger to start."""
    found = cluster.query("select percentile_cont(array[0.5, 0.95, 0.99]) within group (order by extract(epoch from started_at - created_at) * 1000) "
                          f"from executions where {RECENT} and {condition}")[0][0]
    return [float(part) for part in found.strip("{}").split(",")]


def _paced(server, target, rate, seconds):
    """Triggers at so many a second, at random moments."""
    connections = max(1, min(load.CONNECTIONS, rate))
    return load.Wrk(server.base + target.path, seconds, target.headers, connections=connections,
                    pace_milliseconds=round(1000 * connections / rate), settings={"BODY": INPUT})


def _start_row(product):
    cluster = product.cluster
    _clear(cluster)
    with _at_work(product) as (server, target):
        _paced(server, target, START_RATE, 2).result()
        _wait_until_done(cluster)
        _clear(cluster)
        sample = _paced(server, target, START_RATE, START_SECONDS).result()
        _wait_until_done(cluster)
    p50, p95, p99 = _waits(cluster)
    say(f"  W13 trigger to start at {sample.rate:.0f}/s: p50 {p50:.1f} ms  p95 {p95:.1f} ms  p99 {p99:.1f} ms")
    return Row("W13", f"trigger to start at {START_RATE}/s, p50 / p95 / p99 ms", f"{p50:.1f} / {p95:.1f} / {p99:.1f}", "–", "–",
               f"p95 ≤ {START_GOAL_MILLISECONDS}", p95 <= START_GOAL_MILLISECONDS)


# S1


def _queue(cluster, slugs, count, ready="clock_timestamp()"):
    """Puts `count` executions of agents that do nothing into the queue, in turn for each tenant whose slug begins so."""
    cluster.query(f"""
begin;
set local session_replication_role = replica;
create temporary table wanted on commit drop as
select o.tenant_id, o.id as definition_id, gen_random_uuid() as id, n
from (select d.tenant_id, d.id, row_number() over (order by d.tenant_id) - 1 as at, count(*) over () as all_of_them
      from definitions d join tenants t using (tenant_id) where t.slug like '{slugs}%') o
cross join generate_series(o.at, {count} - 1, o.all_of_them) n;
insert into executions (tenant_id, id, definition_id, definition_version, state, trigger, input, max_attempts, timeout_milliseconds)
select tenant_id, id, definition_id, 1, 'queued', 'manual', '{{"data": {{}}}}', 3, 300000 from wanted;
insert into execution_queue (tenant_id, execution_id, definition_id, ready_at)
select tenant_id, id, definition_id, {ready} + n * interval '1 microsecond' from wanted;
commit;
""")
    cluster.query("vacuum analyze executions; vacuum analyze execution_queue; checkpoint")


def _add(cluster, prefix, count):
    """Tenants with an agent each that does nothing."""
    slugs = [f"{prefix}{number}" for number in range(count)]
    made = tenants.add(cluster, slugs)
    cluster.query(f"""
update definitions set state = 'running' where tenant_id in (select tenant_id from tenants where slug like '{prefix}%');
update definition_versions set body = '{json.dumps(BLUEPRINT)}' where tenant_id in (select tenant_id from tenants where slug like '{prefix}%');
analyze
""")
    return made


def _claim_milliseconds(cluster, contract, seconds):
    """What a claim of a batch takes from somewhere in the round of lanes; it is rolled back each time."""
    place = "(lpad(to_hex(:start::bigint), 8, '0') || '-0000-7000-8000-000000000000')::uuid"
    script = BUILT / "claim.pgbench"
    script.write_text("\n".join([
        "\\set start random(0, 4294967295)", "BEGIN;", "SET LOCAL ROLE insula_worker;", contract.lock.text() + ";",
        _claim_row(contract.claim, BATCH, place), "\\gset", "ROLLBACK;"]) + "\n")
    return _pgbench(cluster, script, 1, seconds)[0]


def s1(product, options):
    """A claim behind 1,000 and behind 1,000,000 that are ready; and W13 and W4 beside 1,000,000 that wait for their time."""
    cluster = product.cluster
    contract = contract_of(product)
    _clear(cluster)
    _add(cluster, "crowd-", CLAIM_TENANTS)
    _queue(cluster, "crowd-", CLAIM_FEW)
    few = [_claim_milliseconds(cluster, contract, CLAIM_SECONDS) for _ in range(options.rounds)]
    _clear(cluster)
    empty, reads_empty = _beside(product, options)
    _clear(cluster)
    _queue(cluster, "crowd-", CLAIM_MANY)
    many = [_claim_milliseconds(cluster, contract, CLAIM_SECONDS) for _ in range(options.rounds)]
    cluster.query("update execution_queue set ready_at = now() + interval '1 day'; update executions set state = 'scheduled'")
    cluster.query("vacuum analyze execution_queue; vacuum analyze executions; checkpoint")
    full, reads_full = _beside(product, options)
    _clear(cluster)
    claims = Ratio.of(many, few)
    rows = [Row("S1", f"a claim of {BATCH}, ms, {CLAIM_MANY:,} ready of {CLAIM_TENANTS:,} tenants (peer: {CLAIM_FEW:,})",
                f"{median(many):.2f}", f"{median(few):.2f}", str(claims), f"≤ {CLAIM_GOAL}", claims.middle <= CLAIM_GOAL)]
    for what, ours, peer in (("W13, executions/s", full, empty), ("W4, requests/s", reads_full, reads_empty)):
        ratio = Ratio.of(ours, peer)
        rows.append(Row("S1", f"{what}, beside {CLAIM_MANY:,} that wait (peer: none)", f"{median(ours):,.0f}", f"{median(peer):,.0f}",
                        str(ratio), f"≥ {STORED_GOAL}", ratio.middle >= STORED_GOAL))
    return rows


def _beside(product, options):
    """Rates of executions and of reads with whatever the queue holds."""
    cluster = product.cluster
    mine = f"tenant_id = '{product.seeded.tenant}'"
    done, read = [], []
    with _at_work(product) as (server, target):
        for _ in range(options.rounds):
            cluster.query(f"delete from executions where {mine} and {RECENT}")
            done.append(_ours(product, server, target, options.seconds, mine).rate)
            read.append(load.measured(server, server.targets["W4"], options.seconds, cluster).rate)
    return done, read


# The noisy tenant


def noisy(product, options):
    """One tenant has 100,000 in the queue; how long another one's wait, against an empty queue."""
    cluster = product.cluster
    _clear(cluster)
    loud = f"loud-{time.monotonic_ns()}"
    _add(cluster, loud, 1)
    quiet = f"tenant_id = '{product.seeded.tenant}'"
    alone, beside = [], []
    for _ in range(options.rounds):
        for found, is_loud in ((alone, False), (beside, True)):
            _clear(cluster)
            with _at_work(product) as (server, target):
                _paced(server, target, NOISY_RATE, 1).result()
                if is_loud:
                    _queue(cluster, loud, NOISE)
                cluster.query(f"delete from executions where {quiet} and state = 'succeeded'")
                _paced(server, target, NOISY_RATE, NOISY_SECONDS).result()
                if is_loud and cluster.query("select count(*) from execution_queue") == [["0"]]:
                    raise Failure("the noisy tenant's work was over too soon")
                _wait_until_done(cluster, quiet)
                found.append(_waits(cluster, quiet))
    for name, found in (("alone", alone), ("beside the noisy one", beside)):
        p50, p95, p99 = (median(waits[at] for waits in found) for at in range(3))
        say(f"  noisy  {name:<22} trigger to start: p50 {p50:.1f} ms  p95 {p95:.1f} ms  p99 {p99:.1f} ms")
    rows = []
    for at, name in enumerate(("p50", "p95")):
        ours, peer = [waits[at] for waits in beside], [waits[at] for waits in alone]
        ratio = Ratio.of(ours, peer)
        rows.append(Row("noisy", f"trigger to start beside {NOISE:,} of another tenant, {name} ms", f"{median(ours):.1f}", f"alone {median(peer):.1f}",
                        str(ratio), f"≤ {NOISY_GOAL}", ratio.middle <= NOISY_GOAL))
    return rows

"""Measures the server against its peers and prints one table. See ../README.md."""

import argparse
import sys
from contextlib import contextmanager

from . import allocations, identity, json_codec, limiter, machine, pressure, report, startup, tokens, watching, workloads
from .database import Cluster, Statements
from .machine import ROOT, Failure, say
from .product import Insula, StandIn

ORDER = ["W1", "W4", "W9", "M1", "L1", "L2", "A1", "A2", "W11", "W12", "logins", "S2", "idle", "slow", "flood"]


def arguments():
    parser = argparse.ArgumentParser(prog="./ops/bench/run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each server (3)")
    parser.add_argument("--seconds", type=int, default=4, help="length of a round (4)")
    parser.add_argument("--quick", action="store_true", help="two rounds of two seconds")
    parser.add_argument("--only", help="some of " + ",".join(ORDER))
    parser.add_argument("--server", default=str(ROOT / ".build/release/insula"), help="the binary to measure")
    parser.add_argument("--no-build", action="store_true", help="measure the binaries as they are")
    parser.add_argument("--stand-in", action="store_true", help="the Go peer plays our server: proves the harness alone")
    parser.add_argument("--strict", action="store_true", help="exit status 1 when a goal is missed")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 2, 2
    if options.rounds < 1 or options.seconds < 1:
        parser.error("at least one round of one second")
    options.only = options.only.split(",") if options.only else ORDER
    if unknown := set(options.only) - set(ORDER):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return options


@contextmanager
def started(product, extra=None):
    server = product.start(extra)
    try:
        yield server
    finally:
        server.stop()


def measure(id, product, cluster, statements, options):
    """The rows of one workload. Each starts our server anew, so that none inherits another's memory."""
    if id == "M1":
        return json_codec.m1(options)
    if id == "L1":
        return limiter.l1(options)
    if id == "L2":
        return tokens.l2(options)
    if id == "A1":
        return allocations.a1(product)
    if own := {"W11": identity.w11, "W12": identity.w12, "logins": identity.logins, "S2": identity.s2}.get(id):
        return own(product, options)
    if id == "A2":
        with started(product) as server:
            targets = server.targets
        return startup.a2(product.command, targets)
    with started(product) as server:
        if id == "W1":
            return workloads.w1(server, options)
        if id == "W4":
            if product.can_log_in:
                product.read_with_token(server)
            return workloads.w4(server, product.seeded, cluster, statements, options)
        if id == "W9":
            return watching.w9(server, product.seeded, cluster, options)
        return {"idle": pressure.idle, "slow": pressure.slow, "flood": pressure.flood}[id](server, options)


def main():
    options = arguments()
    machine.end_on_signals()
    machine.raise_open_files()
    machine.BUILT.mkdir(exist_ok=True)
    if warning := machine.load_warning():
        say(warning)
    rows, failed = [], []
    cluster = product = statements = None
    try:
        if not set(options.only) <= {"M1", "L1", "L2"}:  # which need no server
            cluster, statements = Cluster(), Statements()
            product = StandIn(cluster, statements) if options.stand_in else Insula(cluster, options.server)
        for id in options.only:
            say(f"{id} …")
            try:
                rows += measure(id, product, cluster, statements, options)
            except Failure as failure:
                failed.append(id)
                say(f"  {id} could not be measured: {failure}")
    except Failure as failure:
        sys.exit(f"bench: {failure}")
    finally:
        if product:
            product.remove()
        if cluster:
            cluster.stop()
    print(report.table(rows))
    missed = [row for row in rows if row.met is False]
    print(f"\n{sum(row.met is True for row in rows)} goals met, {len(missed)} not met" + (f"; not measured: {', '.join(failed)}" if failed else ""))
    sys.exit(2 if failed else 1 if missed and options.strict else 0)


main()

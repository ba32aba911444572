"""Disturbs the server scenario by scenario and prints a verdict for each. See ../README.md."""

import argparse
import random
import sys
import time

from harness import machine
from harness.machine import ROOT, Failure, say

from .disturbances import ALL
from .stage import Stage


def arguments():
    parser = argparse.ArgumentParser(prog="./ops/chaos/run", description=__doc__)
    parser.add_argument("--executions", type=int, default=10_000, help="executions of five steps in each scenario (10,000)")
    parser.add_argument("--only", help="some of " + ",".join(ALL))
    parser.add_argument("--seed", type=int, help="of the disturbances; one is drawn and shown when left out")
    parser.add_argument("--server", default=str(ROOT / ".build/release/insula"), help="the binary to disturb")
    parser.add_argument("--no-build", action="store_true", help="take the binary as it is")
    options = parser.parse_args()
    options.only = options.only.split(",") if options.only else list(ALL)
    if unknown := set(options.only) - set(ALL):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if options.executions < 1:
        parser.error("at least one execution")
    return options


def run(name, options, seed):
    """The sentences about what did not hold."""
    with Stage(options.server, options.executions, random.Random(f"{seed} {name}")) as stage:
        threads = stage.trigger_all()
        breaks = ALL[name](stage, threads)
        say(f"  {name}: broken {breaks} times, waiting for the end")
        stage.wait(threads)
        return stage.faults(breaks)


def main():
    options = arguments()
    machine.end_on_signals()
    machine.raise_open_files()
    machine.BUILT.mkdir(exist_ok=True)
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    say(f"seed {seed}")
    broken = untried = False
    for name in options.only:
        say(f"{name} …")
        began = time.monotonic()
        try:
            faults = run(name, options, seed)
        except Failure as failure:
            untried = True
            print(f"{name:<12} NOT TRIED TO THE END: {failure}", flush=True)
            continue
        broken = broken or bool(faults)
        verdict = "held" if not faults else "BROKEN: " + "; ".join(faults)
        print(f"{name:<12} {verdict}   ({options.executions:,} executions, {time.monotonic() - began:.0f} s, seed {seed})", flush=True)
    sys.exit(2 if untried else 1 if broken else 0)


main()

"""L1: one check of the rate limiter, in one process. No peer: the figure stands for itself."""

import json
import subprocess
from statistics import median

from .machine import ROOT, Failure, say
from .report import Row

GOAL_NANOSECONDS = 100


def l1(options):
    binary = ROOT / ".build/release/Measure"
    if not binary.exists():
        raise Failure(f"{binary} is missing")
    rounds = []
    for _ in range(options.rounds):
        finished = subprocess.run([str(binary), "--limiter"], capture_output=True, text=True, cwd=ROOT)
        if finished.returncode:
            raise Failure(f"{binary}: {finished.stderr.strip()}")
        rounds.append(json.loads(finished.stdout))
    rows = []
    for name, what in (("one_key_ns", "one hot key"), ("many_keys_ns", "10,000 keys in turn")):
        middle = median(found[name] for found in rounds)
        say(f"  L1  {what}: {middle:.1f} ns a check")
        rows.append(Row("L1", f"limiter check, {what}; ns with the clock read", f"{middle:.1f}", "–", "–", f"≤ {GOAL_NANOSECONDS}", middle <= GOAL_NANOSECONDS))
    return rows

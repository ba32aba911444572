"""L2: one look at a credential that was verified before, in one process. No peer: the figure stands for itself."""

import json
import subprocess
from statistics import median

from .machine import ROOT, Failure, say
from .report import Row

GOAL_NANOSECONDS = 300


def l2(options):
    binary = ROOT / ".build/release/Measure"
    if not binary.exists():
        raise Failure(f"{binary} is missing")
    rounds = []
    for _ in range(options.rounds):
        finished = subprocess.run([str(binary), "--token"], capture_output=True, text=True, cwd=ROOT)
        if finished.returncode:
            raise Failure(f"{binary}: {finished.stderr.strip()}")
        rounds.append(json.loads(finished.stdout))
    size = rounds[0]["token_bytes"]
    rows = []
    for name, what in (
        ("one_token_ns", f"one access token of {size} bytes"),
        ("many_tokens_ns", "1,000 access tokens in turn"),
        ("one_key_ns", "one API key"),
        ("many_keys_ns", "1,000 API keys in turn"),
    ):
        middle = median(found[name] for found in rounds)
        say(f"  L2  {what}: {middle:.1f} ns a look")
        rows.append(Row("L2", f"token verify from cache, {what}; ns with the clock read", f"{middle:.1f}", "–", "–", f"≤ {GOAL_NANOSECONDS}", middle <= GOAL_NANOSECONDS))
    return rows

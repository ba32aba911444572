"""M1: decoding and encoding the commonest shapes, ours against Foundation (in one process) and orjson (on the same bytes)."""

import json
import shutil
import subprocess
from math import exp, log

from . import servers
from .machine import BENCH, BUILT, ROOT, Failure, say
from .report import Row

GOALS = {"Foundation": 6, "orjson": 0.6}


def _lines(command):
    finished = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=ROOT)
    if finished.returncode:
        raise Failure(f"{command[0]}: {finished.stderr.strip()}")
    return [json.loads(line) for line in finished.stdout.splitlines() if line.startswith("{")]


def _ratio(values):
    """A geometric mean over the shapes, with the worst and the best shape."""
    mean = exp(sum(log(value) for value in values) / len(values))
    return mean, f"{mean:.2f} [{min(values):.2f}–{max(values):.2f}]"


def m1(options):
    binary = ROOT / ".build/release/Measure"
    if not binary.exists():
        raise Failure(f"{binary} is missing")
    folder = BUILT / "payloads"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    measure = [binary, "--dump", folder]
    python = servers.build_fastapi()
    ratios = {(peer, way): {} for peer in GOALS for way in ("decode", "encode")}
    for _ in range(options.rounds):
        ours = {line["shape"]: line for line in _lines(measure)}
        theirs = {line["shape"]: line for line in _lines([python, BENCH / "harness" / "orjson_times.py", *sorted(folder.iterdir())])}
        for shape, line in ours.items():
            for way in ("decode", "encode"):
                pairs = {"Foundation": line.get(f"foundation_{way}_ns"), "orjson": theirs.get(shape, {}).get(f"{way}_ns")}
                for peer, spent in pairs.items():
                    if spent:
                        ratios[peer, way].setdefault(shape, []).append(spent / line[f"{way}_ns"])
    return [_row(peer, way, shapes) for (peer, way), shapes in ratios.items() if shapes]


def _row(peer, way, shapes):
    middles = {shape: sorted(values)[len(values) // 2] for shape, values in shapes.items()}
    say(f"  M1  {way} against {peer}: " + ", ".join(f"{shape} {value:.2f}" for shape, value in middles.items()))
    mean, text = _ratio(list(middles.values()))
    return Row("M1", f"JSON {way}, {len(middles)} shapes, {peer} (mean, worst and best shape)", "1", peer, text, f"≥ {GOALS[peer]}", mean >= GOALS[peer])

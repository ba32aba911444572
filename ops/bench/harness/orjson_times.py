"""Times orjson on dumped payloads. Run by the peers' own Python: orjson_times.py FILE… prints one JSON line a file."""

import json
import sys
import time
from pathlib import Path

import orjson

BATCH_SECONDS = 0.05
BATCHES = 7


def nanoseconds(action):
    """CPU time, the best of several batches, so that what else the machine does counts least."""
    count, spent = 1, 0.0
    while spent < BATCH_SECONDS:
        count *= 2
        spent = batch(action, count)
    return min(batch(action, count) for _ in range(BATCHES)) / count * 1e9


def batch(action, count):
    began = time.process_time()
    for _ in range(count):
        action()
    return time.process_time() - began


for name in sys.argv[1:]:
    data = Path(name).read_bytes()
    value = orjson.loads(data)
    print(json.dumps({
        "shape": Path(name).stem,
        "decode_ns": nanoseconds(lambda: orjson.loads(data)),
        "encode_ns": nanoseconds(lambda: orjson.dumps(value)),
    }))

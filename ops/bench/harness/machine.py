"""Processes and what the kernel says of them: start, CPU time and memory of a whole tree, and an end for every one of them.

Everything started here dies with the harness: each process leads its own group, is told to die with its parent, and is
stopped by `stop_all` on any way out.
"""

import atexit
import ctypes
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 10
OPEN_FILES = 60_000

ROOT = Path(__file__).resolve().parents[3]
BENCH = ROOT / "ops" / "bench"
BUILT = ROOT / ".build-bench"

_libc = ctypes.CDLL(None)
_running = []


class Failure(Exception):
    """The measurement can't go on; the text says why."""


def say(text):
    """Progress goes to standard error, so that standard output holds the results alone."""
    print(text, file=sys.stderr, flush=True)


def raise_open_files():
    """Connections in the tens of thousands need descriptors here and, inherited, in each server."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= OPEN_FILES:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, max(hard, OPEN_FILES)))
    except (ValueError, PermissionError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _die_with_parent():
    PR_SET_PDEATHSIG = 1
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def surroundings(environment=None):
    """Our own environment with `environment` over it, less the server's settings: those come from the harness alone."""
    return {name: value for name, value in os.environ.items() if not name.startswith("INSULA_")} | (environment or {})


def start(command, environment=None, log=None, user=None, folder=None):
    """Starts `command` in its own process group. Its output goes to the file `log`, or nowhere."""
    output = open(log, "ab") if log else subprocess.DEVNULL
    process = subprocess.Popen(
        [str(part) for part in command],
        env=surroundings(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=folder,
        process_group=0,
        preexec_fn=_die_with_parent,
        **({"user": user, "group": user, "extra_groups": []} if user else {}),
    )
    if log:
        output.close()
    _running.append(process)
    return process


def stop(process, gently=signal.SIGTERM):
    """Asks the group to end, waits, then ends it."""
    if process.poll() is None:
        _signal_group(process, gently)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
    _signal_group(process, signal.SIGKILL)
    if process.poll() is None:
        process.wait()
    if process in _running:
        _running.remove(process)


def _signal_group(process, number):
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        pass


@atexit.register
def stop_all():
    for process in reversed(list(_running)):
        stop(process)


def end_on_signals():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))


def free_port():
    """A port of loopback that nothing holds now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _stat(pid):
    """Parent and CPU ticks, those of reaped children included; so a sum over a tree never falls when a child ends."""
    text = Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2 :].split()
    return int(fields[1]), sum(int(field) for field in fields[11:15])


def tree(root):
    """Ids of `root` and all its descendants."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents[int(entry)] = _stat(entry)[0]
            except (OSError, ValueError):
                continue
    found = {root}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found


def cpu_microseconds(root):
    """User and system time of the whole tree since its start."""
    ticks = 0
    for pid in tree(root):
        try:
            ticks += _stat(pid)[1]
        except (OSError, ValueError):
            continue
    return ticks * 1_000_000 // TICKS_PER_SECOND


def _sum_field(pids, file, field):
    total = 0
    for pid in pids:
        try:
            for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
                if line.startswith(field + ":"):
                    total += int(line.split()[1]) * 1024
                    break
        except OSError:
            continue
    return total


def resident_bytes(root):
    return _sum_field(tree(root), "status", "VmRSS")


def proportional_bytes(root):
    return _sum_field(tree(root), "smaps_rollup", "Pss")


def load_warning():
    """A sentence when something else is using the machine, else nothing."""
    load = os.getloadavg()[0]
    cores = os.cpu_count() or 1
    return f"the machine is busy (load {load:.1f} on {cores} cores): figures will be low and noisy" if load > 0.5 * cores else ""


def wait_until(condition, seconds, what):
    """Polls a condition that has no event of its own, and gives up after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"{what} didn't happen within {seconds} s")
        time.sleep(0.01)

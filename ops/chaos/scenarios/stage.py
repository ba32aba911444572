"""Two nodes on one PostgreSQL, a tenant with an agent of five steps, callers that trigger it, and what must be true in the end."""

import http.client
import itertools
import json
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from harness import load, machine, servers, tenants
from harness.database import Cluster
from harness.machine import Failure, say

from .sink import Sink

STEPS = 5
WORKERS = 16
CALLERS = 8
END_SECONDS = 900
RETRY_SECONDS = 240
STATE_POLL_SECONDS = 0.5


class Stage:
    """One scenario's own everything. Used as a context."""

    def __init__(self, binary, executions, random):
        self.binary, self.wanted, self.random = binary, executions, random
        self.accepted, self.refused, self.lock = [], 0, threading.Lock()
        self.folder = Path(tempfile.mkdtemp(prefix="insula-chaos-"))
        self.sink, self.cluster, self.nodes = Sink(), None, {}

    def __enter__(self):
        try:
            self._prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in self.nodes.values():
            node.stop()
        if self.cluster:
            self.cluster.stop()
        self.sink.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _prepare(self):
        self.cluster = Cluster()
        self.settings = {"INSULA_WORKERS": str(WORKERS), "INSULA_OUTBOUND_ALLOW": f"127.0.0.1/32:{self.sink.port}"}
        self._run("migrate")
        self._run("admin", "tenant", "create", "--slug", "chaos", "--name", "chaos")
        tenants.lift_limits(self.cluster)
        self.key = self._run("admin", "key", "create", "--tenant", "chaos", "--role", "owner", "--name", "chaos").strip()
        for number in (1, 2):
            self.start(number)
        self.agent = self._make_agent()

    def _environment(self, number):
        """Each node has a folder of its own; the root key that the first one makes is everybody's."""
        data = self.folder / f"node{number}"
        data.mkdir(exist_ok=True)
        shared = {} if number == 1 else {"INSULA_ROOT_KEY_FILE": str(self.folder / "node1" / "root.key")}
        return data, {**self.settings, **shared}

    def _run(self, *words):
        data, settings = self._environment(1)
        environment = servers.our_environment(self.cluster.url(), machine.free_port(), data)
        finished = subprocess.run([self.binary, *words], capture_output=True, text=True, env=machine.surroundings({**environment, **settings}))
        if finished.returncode:
            raise Failure(f"insula {' '.join(words)}: {finished.stderr.strip()}")
        return finished.stdout

    def start(self, number):
        data, settings = self._environment(number)
        self.nodes[number] = servers.ours(self.binary, self.cluster.url(), data, settings, f"chaos-node{number}")

    def _make_agent(self):
        tools = [{"name": "http_request",
                  "config": {"url": f"http://127.0.0.1:{self.sink.port}/{step}", "method": "POST", "idempotent": True}}
                 for step in range(STEPS)]
        body = {"name": "five steps", "blueprint": {"tools": tools, "strategy": {"name": "reactive"},
                                                    "limits": {"timeout_seconds": 3600, "max_attempts": 20}}}
        agent = self._call(1, "POST", "/v1/agents", body)[1]["id"]
        if self._call(1, "POST", f"/v1/agents/{agent}/start")[0] != 200:
            raise Failure("the agent could not be started")
        return agent

    def _call(self, number, method, path, body=None, headers=()):
        return load.request(self.nodes[number].base, path, [f"Authorization: Bearer {self.key}", *headers], method, body)

    # Triggering

    def trigger_all(self):
        """Callers that trigger until as many were accepted as wanted; the same Idempotency-Key when an answer was lost."""
        numbers = itertools.count()
        threads = [threading.Thread(target=self._trigger, args=(at, numbers), daemon=True) for at in range(CALLERS)]
        for thread in threads:
            thread.start()
        return threads

    def _trigger(self, caller, numbers):
        while (number := next(numbers)) < self.wanted:
            deadline, node = time.monotonic() + RETRY_SECONDS, 1 + number % 2
            while True:
                try:
                    status, answer = self._call(node, "POST", f"/v1/agents/{self.agent}/trigger", {"input": {}}, [f"Idempotency-Key: n{number}"])
                except (OSError, http.client.HTTPException):
                    status, answer = 0, None
                if status == 202:
                    with self.lock:
                        self.accepted.append(answer["id"])
                    break
                with self.lock:
                    self.refused += 1
                if status not in (0, 409, 429, 503) or time.monotonic() > deadline:
                    say(f"  a trigger is answered {status}: {json.dumps(answer)}")
                    break
                node = 3 - node
                time.sleep(0.05)

    # What must be true

    def remaining(self):
        return int(self.cluster.query("select count(*) from execution_queue")[0][0])

    def wait(self, threads):
        """Until everything that was accepted has ended."""
        deadline = time.monotonic() + END_SECONDS
        for thread in threads:
            thread.join(max(0, deadline - time.monotonic()))
        while True:
            try:
                if self.remaining() == 0:
                    return
            except Failure:
                pass
            if time.monotonic() > deadline:
                raise Failure(f"{self.remaining()} executions have not ended after {END_SECONDS} s")
            time.sleep(STATE_POLL_SECONDS)

    def faults(self, breaks):
        """What did not hold, as sentences. `breaks`: how often something broke that may cut calls off."""
        found = []
        if len(self.accepted) < self.wanted:
            found.append(f"of {self.wanted} triggers only {len(self.accepted)} were accepted")
        states = dict((state, int(count)) for state, count in self.cluster.query("select state, count(*) from executions group by state"))
        if states != {"succeeded": len(set(self.accepted))}:
            found.append(f"{len(set(self.accepted))} executions were accepted, and ended as {states}")
        steps = self.cluster.query("select status, count(*) from execution_steps group by status")
        if steps != [["succeeded", str(STEPS * len(set(self.accepted)))]]:
            found.append(f"the journal holds {steps}")
        missing = [(id, step) for id in self.accepted for step in range(STEPS) if not self.sink.calls[id, step]]
        if missing:
            found.append(f"{len(missing)} steps never reached the sink")
        if self.sink.backward:
            found.append(f"{len(self.sink.backward)} calls came behind a finished step, such as {self.sink.backward[0]}")
        repeated = self.sink.total - STEPS * len(set(self.accepted))
        if repeated > breaks * WORKERS:
            found.append(f"{repeated} calls were repeated; {breaks} breaks explain at most {breaks * WORKERS}")
        say(f"  {len(self.accepted):,} accepted, {self.refused:,} asked again, {self.sink.total:,} calls of steps, {repeated} repeated")
        return found

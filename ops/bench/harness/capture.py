"""What the server sends to PostgreSQL for one execution, taken from PostgreSQL's own log: so that a peer runs the same statements,
whatever they are by now, and nobody keeps a copy of them in step."""

import json
import re
import time
from dataclasses import dataclass

from .machine import Failure

WAIT_SECONDS = 15
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# An element of an array as PostgreSQL writes it.
ELEMENT = re.compile(r'"(?:[^"\\]|\\.)*"|[^,{}"]+')
# The parameter of a statement that says which of the executions a row belongs to, by a number from 1.
NUMBER = re.compile(r"unnest\(\s*\$(\d+)::bigint\[\][^)]*\)(?: WITH ORDINALITY)?\s+AS \w+ \(\s*lease,")


@dataclass
class Call:
    """One statement with the text of its parameters; None for NULL."""

    sql: str
    parameters: list

    def text(self, given=None):
        """The statement with its parameters written in: `given` by value, all else as a literal of its type."""

        def written(match):
            at, cast = int(match[1]) - 1, match[2]
            value = self.parameters[at]
            if given and value in given:
                return f"({given[value]}){cast or ''}"
            kind = cast[2:] if cast else _kind(value)
            literal = "NULL" if value is None else value if re.fullmatch(r"-?\d+", value) else "'" + value.replace("'", "''") + "'"
            return f"{literal}::{kind}" if kind else literal

        text = "\n".join(line for line in self.sql.splitlines() if not line.strip().startswith("--"))
        return re.sub(r"\$(\d+)(::\w+(?:\[\])?)?", written, text)

    def many(self, count, given=None, apart=()):
        """The same for so many executions: every array holds so often what it holds for the one, but for those of the parameters `apart`."""
        number = NUMBER.search(self.sql)
        numbered = int(number[1]) - 1 if number else None
        parameters = list(self.parameters)
        for at, value in enumerate(parameters):
            if value is None or not value.startswith("{") or value in (given or {}) or at + 1 in apart:
                continue
            held = ELEMENT.findall(value[1:-1])
            copies = ([str(copy)] * len(held) if at == numbered else held for copy in range(1, count + 1))
            parameters[at] = "{" + ",".join(element for copy in copies for element in copy) + "}"
        return Call(self.sql, parameters).text(given)


def _kind(value):
    """The type of what a statement alone does not make plain."""
    if value is None:
        return None
    if UUID.fullmatch(value):
        return "uuid"
    try:
        return "jsonb" if isinstance(json.loads(value), dict) else None
    except ValueError:
        return None


@dataclass
class Contract:
    """The statements of one execution, by their transactions."""

    execution: str
    trigger: Call
    lock: Call
    claim: Call
    begin: list
    end: list


def _calls(text):
    """Every executed statement of a log, in order."""
    found = []
    for entry in re.split(r"^@@ ", text, flags=re.M):
        if match := re.match(r"LOG:  execute [^:]*: (.*)", entry, re.S):
            found.append(Call(match[1].replace("\n\t", "\n").strip(), []))
        elif found and (match := re.match(r"DETAIL:  parameters: (.*)", entry, re.S)):
            values = re.findall(r"\$\d+ = (NULL|'(?:[^']|'')*')", match[1].replace("\n\t", "\n"))
            found[-1].parameters = [None if value == "NULL" else value[1:-1].replace("''", "'") for value in values]
    return found


def contract(cluster, trigger):
    """`trigger()` makes one execution of a server that was started after `logging(cluster, True)`, and returns its id as a UUID."""
    start = cluster.log.stat().st_size
    execution = trigger()
    deadline = time.monotonic() + WAIT_SECONDS
    while cluster.query(f"select state from executions where id = '{execution}'") != [["succeeded"]]:
        if time.monotonic() > deadline:
            raise Failure("an execution that does nothing did not succeed")
        time.sleep(0.05)
    with cluster.log.open(errors="replace") as log:
        log.seek(start)
        calls = _calls(log.read())
    mine = [call for call in calls if any(execution in (value or "") for value in call.parameters)]
    lock = next((call for call in calls if "pg_advisory_xact_lock(4849512170094)" in call.sql), None)
    claim = next((call for call in calls if "UPDATE execution_queue" in call.sql and "RECURSIVE lanes" in call.sql), None)
    # The trigger; lock, begin and journal; then the lock, the step, the log and the end.
    if not (lock and claim) or len(mine) != 8 or "INSERT INTO executions" not in mine[0].sql:
        raise Failure("the statements of an execution are not those that the harness knows:\n" + "\n".join(call.sql[:80] for call in mine))
    return Contract(execution, mine[0], lock, claim, mine[1:4], mine[4:])


def logging(cluster, is_on):
    """Whether connections that are made from now on have their statements logged."""
    change = "set log_statement = 'all'" if is_on else "reset log_statement"
    cluster.query(f"alter database {cluster.name} {change}")

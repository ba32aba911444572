"""Minutely schedules over two nodes that are killed in turn, and what must be true of their fires in the end."""

import signal
import time

from harness import machine
from harness.machine import Failure, say

from .stage import Stage

KILLS = 3
AWAY_SECONDS = 20
FIRE_SECONDS = 50
END_SECONDS = 120


class ScheduleStage(Stage):
    """Schedules of one agent that answers at once; every minute of each of them is to be one execution."""

    def _make_agent(self):
        body = {"name": "one step", "blueprint": {"tools": [{"name": "ping"}], "strategy": {"name": "reactive"}, "limits": {"max_attempts": 20}}}
        agent = self._call(1, "POST", "/v1/agents", body)[1]["id"]
        if self._call(1, "POST", f"/v1/agents/{agent}/start")[0] != 200:
            raise Failure("the agent could not be started")
        for number in range(self.wanted):
            body = {"name": f"minutely {number}", "agent_id": agent, "overlap": "allow", "trigger": {"type": "cron", "cron": "* * * * *"}}
            status, answer = self._call(1 + number % 2, "POST", "/v1/schedules", body)
            if status != 201:
                raise Failure(f"a schedule is answered {status}: {answer}")
        return agent

    def _number(self, sql):
        return int(self.cluster.query(sql)[0][0])

    def _fired(self, minute):
        return self._number(f"select count(*) from schedule_fires where planned_at = to_timestamp({minute})")

    def _wait_for(self, minute, count):
        """Until so many of a minute's fires are written."""
        time.sleep(max(0, minute - time.time()))
        machine.wait_until(lambda: self._fired(minute) >= count, FIRE_SECONDS, "the fires of a minute")

    def watch(self):
        """Kills a node in the middle of a minute's fires, one after the other, and starts it again. The sentences about what did not hold."""
        first = self._number("select extract(epoch from date_trunc('minute', now()) + interval '1 minute')::bigint")
        for turn in range(KILLS):
            minute, node = first + 60 * turn, 1 + turn % 2
            share = self.random.uniform(0.05, 0.6)
            self._wait_for(minute, share * self.wanted)
            self.nodes[node].process.send_signal(signal.SIGKILL)
            self.nodes[node].process.wait()
            say(f"  node {node} killed when {self._fired(minute)} of {self.wanted} had fired")
            time.sleep(self.random.uniform(0, AWAY_SECONDS))
            self.start(node)
        # A last minute with nothing broken.
        last = first + 60 * KILLS
        self._wait_for(last, self.wanted)
        live = f"""select count(*) from schedule_fires f join executions e on e.id = f.execution_id
            where f.planned_at <= to_timestamp({last}) and e.finished_at is null"""
        machine.wait_until(lambda: self._number(live) == 0, END_SECONDS, "the end of what had fired")
        return self._faults_of_fires(first, last)

    def _faults_of_fires(self, first, last):
        found, minutes = [], (last - first) // 60 + 1
        missing = self._number(f"""select count(*)
            from schedules s cross join generate_series(to_timestamp({first}), to_timestamp({last}), interval '1 minute') as minute
            where (select count(*) from schedule_fires f join executions e on e.id = f.execution_id and e.state = 'succeeded'
                where f.schedule_id = s.id and f.planned_at = minute and f.outcome = 'started') <> 1""")
        if missing:
            found.append(f"{missing} minutes of schedules have not exactly one execution that succeeded")
        stray = self._number("select count(*) from executions e where (select count(*) from schedule_fires f where f.execution_id = e.id) <> 1")
        if stray:
            found.append(f"{stray} executions belong to no fire, or to more than one")
        left_out = self._number(f"select count(*) from schedule_fires where outcome <> 'started' and planned_at <= to_timestamp({last})")
        if left_out:
            found.append(f"{left_out} fires were left out")
        between = f"planned_at between to_timestamp({first}) and to_timestamp({last})"
        late = self.cluster.query(f"""select percentile_disc(0.5) within group (order by late)::numeric(9, 2), max(late)::numeric(9, 2)
            from (select extract(epoch from fired_at - planned_at) as late from schedule_fires where {between}) fires""")[0]
        say(f"  {minutes} minutes of {self.wanted} schedules, {KILLS} kills; fires were {late[0]} s late in the middle, {late[1]} s at most")
        return found

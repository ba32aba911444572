"""The procrastinate peer: a task that does nothing, a worker that runs it, and callers that defer it one by one, each durably.

    peer.py schema               makes the tables
    peer.py work CONCURRENCY     works until it is told to stop
    peer.py defer SECONDS CALLERS
"""

import asyncio
import os
import sys
import time

import uvloop
from procrastinate import App, PsycopgConnector

POOL = 16
app = App(connector=PsycopgConnector(conninfo=os.environ["PEER_DATABASE"], min_size=POOL, max_size=POOL))


@app.task(name="nothing")
async def nothing():
    return "done"


async def schema():
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


async def work(concurrency):
    async with app.open_async():
        await app.run_worker_async(concurrency=int(concurrency), listen_notify=True)


async def defer(seconds, callers):
    end = time.monotonic() + float(seconds)

    async def call():
        while time.monotonic() < end:
            await nothing.defer_async()

    async with app.open_async():
        await asyncio.gather(*(call() for _ in range(int(callers))))


uvloop.run({"schema": schema, "work": work, "defer": defer}[sys.argv[1]](*sys.argv[2:]))

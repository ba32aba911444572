"""W9 with uvicorn and websockets: every event that PostgreSQL notifies of goes to every socket.

The event comes ready as text, so that nothing is spelled twice, and a bare ASGI application spares the framework's share: its best form.
"""

import asyncio
import os

import asyncpg

DATABASE = os.environ["PEER_DATABASE"]
readers = set()


async def lifespan(receive, send):
    await receive()
    connection = await asyncpg.connect(DATABASE)
    events = asyncio.Queue()
    await connection.add_listener("events", lambda *heard: events.put_nowait(heard[3]))

    async def hand_out():
        while True:
            message = {"type": "websocket.send", "text": await events.get()}
            await asyncio.gather(*(reader(message) for reader in readers), return_exceptions=True)

    task = asyncio.create_task(hand_out())
    await send({"type": "lifespan.startup.complete"})
    await receive()
    task.cancel()
    await connection.close()
    await send({"type": "lifespan.shutdown.complete"})


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        return await send({"type": "http.response.body", "body": b"ok"})
    await receive()
    await send({"type": "websocket.accept"})
    readers.add(send)
    try:
        while (await receive())["type"] != "websocket.disconnect":
            pass
    finally:
        readers.discard(send)

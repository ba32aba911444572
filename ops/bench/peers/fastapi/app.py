"""W1 and W4 with FastAPI, uvicorn (uvloop, httptools) and asyncpg.

The handlers return a finished response, which spares FastAPI's serialisation: its best form.
The answer's fields are the columns of sql/w4.sql.
"""

import hashlib
import os
from contextlib import asynccontextmanager

import asyncpg
import orjson
from fastapi import FastAPI, Request, Response

HEALTH = os.environ["PEER_HEALTH_BODY"].encode()
DATABASE = os.environ.get("PEER_DATABASE", "")
SCOPE = os.environ.get("PEER_SCOPE_SQL", "")
READ = os.environ.get("PEER_READ_SQL", "")
PARAMETERS = os.environ.get("PEER_READ_PARAMETERS", "").split(",")
TENANTS = {bytes.fromhex(os.environ.get("PEER_KEY_SHA256", "")): os.environ.get("PEER_TENANT", "")}

pool = None


@asynccontextmanager
async def lifespan(_: FastAPI):
    global pool
    if DATABASE:
        size = int(os.environ.get("PEER_POOL", "8"))
        pool = await asyncpg.create_pool(DATABASE, min_size=size, max_size=size)
    yield
    if pool is not None:
        await pool.close()


app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)


def answer(body: bytes, status: int = 200) -> Response:
    return Response(body, status_code=status, media_type="application/json")


@app.get("/healthz")
async def health() -> Response:
    return answer(HEALTH)


@app.get("/v1/agents/{id}")
async def read_agent(id: str, request: Request) -> Response:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    tenant = TENANTS.get(hashlib.sha256(key.encode()).digest())
    if scheme != "Bearer" or tenant is None:
        return answer(b'{"code":"unauthenticated"}', 401)
    values = {"tenant": tenant, "id": id}
    async with pool.acquire() as connection:
        async with connection.transaction():
            await connection.fetchval(SCOPE, tenant)
            row = await connection.fetchrow(READ, *(values[name] for name in PARAMETERS))
    if row is None:
        return answer(b'{"code":"not_found"}', 404)
    fields = dict(row)
    fields["id"] = str(row["id"])
    fields["blueprint"] = orjson.Fragment(row["blueprint"])
    return answer(orjson.dumps(fields))

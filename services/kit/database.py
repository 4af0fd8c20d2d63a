"""Opens a service's PostgreSQL pool, in its own schema, and lends its connections.

`jsonb` columns take and give Python values (orjson), never JSON text. The elements of a `jsonb[]`
must not be lists: asyncpg takes those for one more dimension.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

import asyncpg
import orjson

from services.kit.settings import Settings

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool


class UnreachableError(ConnectionError):
    """PostgreSQL cannot be reached, or the connection to it broke in the middle."""


TRANSIENT: tuple[type[Exception], ...] = (
    ConnectionError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.TransactionRollbackError,  # serialisation failures and deadlocks
    asyncpg.OperatorInterventionError,  # shutdown, crash, cancelled statement
    asyncpg.InsufficientResourcesError,  # connections, memory, disk
    asyncpg.LockNotAvailableError,
)
"""What the world does to a transaction and may not do again: worth another try."""


def schema_of(service: str) -> str:
    """Name the PostgreSQL schema of a service: `sbom-matcher` lives in `sbom_matcher`."""
    return service.replace("-", "_")


async def open_pool(settings: Settings, service: str) -> Pool:
    """Open the connections of a service; every unqualified name is in its own schema.

    Raises:
        OSError, asyncpg.PostgresError: it cannot be reached or refuses the role.
    """
    return await asyncpg.create_pool(
        settings.postgres_dsn.get_secret_value(),
        min_size=1,
        max_size=settings.postgres_connections,
        init=_speak_json,
        reset=_keep,
        server_settings={"search_path": schema_of(service), "application_name": service},
    )


async def _speak_json(db: Connection) -> None:
    codec = {"encoder": _spell, "decoder": orjson.loads}
    await db.set_type_codec("jsonb", schema="pg_catalog", format="text", **codec)


def _spell(value: object) -> str:
    return orjson.dumps(value, default=_spell_id).decode()


def _spell_id(value: object) -> str:
    if isinstance(value, UUID):  # asyncpg's own kind, which orjson does not know
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON: turn it into plain values first")


async def _keep(_: Connection) -> None:
    """Leave a returned connection as it is: nobody changes its session, and it saves a trip."""


def is_lost(db: Connection) -> bool:
    """Tell whether a borrowed connection is of no use any more."""
    with suppress(asyncpg.InterfaceError):  # it broke, and the pool has taken it back already
        return db.is_closed()
    return True


@asynccontextmanager
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    """Borrow a connection.

    Raises:
        UnreachableError: there is none to be had, or it broke while it was borrowed.
    """
    try:
        db = await pool.acquire()
    except OSError as error:
        raise UnreachableError(f"PostgreSQL cannot be reached: {error}") from error
    try:
        yield db
    except asyncpg.InterfaceError as error:
        if is_lost(db):
            raise UnreachableError(f"the connection to PostgreSQL broke: {error}") from error
        raise
    except asyncpg.InternalClientError as error:
        # asyncpg's own state, after the server went away under it: nobody can use that connection.
        with suppress(asyncpg.InterfaceError):
            db.terminate()
        raise UnreachableError(f"the connection to PostgreSQL broke: {error}") from error
    finally:
        await pool.release(db)

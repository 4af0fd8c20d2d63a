"""Opens a service's PostgreSQL pool, in its own schema, and brings that schema up to date.

`jsonb` columns take and give Python values (orjson), never JSON text. The elements of a `jsonb[]`
must not be lists: asyncpg takes those for one more dimension.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

import asyncpg
import orjson

from services.kit.locks import signed
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

_FILE = re.compile(r"^(\d{3})_[a-z0-9_]+\.sql$")
TABLE = """
CREATE TABLE IF NOT EXISTS kit_migration (
    name text PRIMARY KEY, sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""
APPLIED = "SELECT name, sha256 FROM kit_migration"
RECORD = "INSERT INTO kit_migration (name, sha256) VALUES ($1, $2)"


class MigrationError(Exception):
    """The schema and the migration files do not fit together; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered SQL file; `name` is its owner and file, `kit/001_kit.sql`."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The digest that shows whether an applied file was changed later."""
        return sha256(self.sql.encode()).hexdigest()


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


def migrations(service: str) -> list[Migration]:
    """List the kit's migrations, then the service's own, each in the order of their numbers."""
    own = files(f"services.{schema_of(service)}") / "migrations"
    return [*read("kit", files("services.kit") / "migrations"), *read(service, own)]


def read(owner: str, folder: Traversable) -> list[Migration]:
    """Read the numbered SQL files of a folder; one that does not exist holds none.

    Raises:
        MigrationError: a file's name is not `NNN_name.sql`, or a number is taken twice.
    """
    if not folder.is_dir():
        return []
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".sql"))
    _refuse_bad_names(owner, names)
    return [Migration(f"{owner}/{name}", (folder / name).read_text("utf-8")) for name in names]


def _refuse_bad_names(owner: str, names: Sequence[str]) -> None:
    numbers: dict[str, str] = {}
    for name in names:
        matched = _FILE.match(name)
        if matched is None:
            raise MigrationError(f"{owner}/{name}: call it NNN_what_it_does.sql, in lower case")
        if other := numbers.get(matched[1]):
            raise MigrationError(f"{owner}/{name}: the number is taken by {other}")
        numbers[matched[1]] = name


async def migrate(pool: Pool, service: str, wanted: Sequence[Migration] | None = None) -> list[str]:
    """Apply what is missing in one transaction and return its names; replicas wait in turn.

    Raises:
        MigrationError: an applied file was changed.
    """
    schema = schema_of(service)
    async with pool.acquire() as db, db.transaction():
        await db.execute("SELECT pg_advisory_xact_lock($1, 0)", signed(f"migrate {schema}"))
        if not await db.fetchval("SELECT to_regnamespace($1)", schema):
            await db.execute(f'CREATE SCHEMA "{schema}"')
        await db.execute(TABLE)
        await db.execute("SET LOCAL lock_timeout = '4s'")
        applied = {row["name"]: row["sha256"] for row in await db.fetch(APPLIED)}
        missing = list(_missing(migrations(service) if wanted is None else wanted, applied))
        for each in missing:
            await db.execute(each.sql)
            await db.execute(RECORD, each.name, each.sha256)
    return [each.name for each in missing]


def _missing(wanted: Sequence[Migration], applied: dict[str, str]) -> Iterator[Migration]:
    for each in wanted:
        if each.name not in applied:
            yield each
        elif applied[each.name] != each.sha256:
            mend = "restore it, and put the change into a new file with the next number"
            raise MigrationError(f"{each.name} was changed after it was applied: {mend}")

"""Brings a service's schema up to date with numbered SQL files, forward only."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from services.kit.database import Pool, schema_of
from services.kit.locks import signed

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

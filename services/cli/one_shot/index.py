"""Keeps what advisory files say in an SQLite file, found by identifier key, for the next run.

The index is a cache: it is made anew when a file changed, and when the code that reads them did.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from importlib import resources
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from services.cli.one_shot import collecting, sources
from services.cli.one_shot.canonical import Entry, Portion, Unread, portion
from services.cli.one_shot.sources import Moved, Record

SCHEMA = """
CREATE TABLE entry (
    number INTEGER PRIMARY KEY, advisory TEXT, url TEXT, identifier TEXT, body TEXT);
CREATE TABLE met_by (ident TEXT, entry INTEGER);
CREATE TABLE alias (
    identifier TEXT, alias TEXT, PRIMARY KEY (identifier, alias)) WITHOUT ROWID;
CREATE INDEX alias_by_alias ON alias (alias);
CREATE TABLE exploited (identifier TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE unread (place TEXT, reason TEXT, mend TEXT);
CREATE TABLE size (records INTEGER);
"""
BY_IDENT = "CREATE INDEX met_by_ident ON met_by (ident, entry)"
"""Made once everything is in: sorting costs less than keeping an order of random keys."""

FOUND = """
SELECT DISTINCT e.number, e.advisory, e.url, e.identifier, e.body
FROM wanted w JOIN met_by m ON m.ident = w.ident JOIN entry e ON e.number = m.entry
ORDER BY e.number
"""
ALIASES = """
WITH RECURSIVE reach (identifier) AS (
    SELECT ident FROM wanted
    UNION SELECT a.alias FROM reach r JOIN alias a ON a.identifier = r.identifier
    UNION SELECT a.identifier FROM reach r JOIN alias a ON a.alias = r.identifier
)
SELECT identifier, alias FROM alias WHERE identifier IN (SELECT identifier FROM reach)
"""

_PORTION, _AT_ONCE = 200, 2_000
_READERS = ("schemas", "services.intake.formats", "services.sbom_matcher.domain", __package__)
_KEPT = 8
"""Indexes of so many different sets of files stay in the cache; the oldest go."""


class Index:
    """What a set of advisory files says."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        self._db.execute("PRAGMA temp_store = MEMORY")
        self._db.execute("CREATE TEMP TABLE wanted (ident TEXT PRIMARY KEY) WITHOUT ROWID")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @property
    def records(self) -> int:
        """How many records the files held."""
        return int(self._db.execute("SELECT records FROM size").fetchone()[0])

    def unread(self) -> list[Unread]:
        """List the records that could not be read."""
        return [Unread(*row) for row in self._db.execute("SELECT place, reason, mend FROM unread")]

    def met_by(self, idents: Iterable[str]) -> list[Entry]:
        """Find everything that is said under these identifier keys."""
        self._want(idents)
        return [
            Entry(advisory, url, identifier, (), (), body)
            for _, advisory, url, identifier, body in self._db.execute(FOUND)
        ]

    def aliases(self, identifiers: Iterable[str]) -> list[tuple[str, str]]:
        """Find every pair of names of one thing that these identifiers are connected by."""
        self._want(identifiers)
        return list(self._db.execute(ALIASES))

    def exploited(self) -> frozenset[str]:
        """Name what is reported to be exploited."""
        return frozenset(row[0] for row in self._db.execute("SELECT identifier FROM exploited"))

    def _want(self, texts: Iterable[str]) -> None:
        self._db.execute("DELETE FROM wanted")
        self._db.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", ((one,) for one in texts))


def opened(files: Sequence[Path], cache: Path, moved: Moved = lambda _: None) -> Index:
    """Open the index of these files, made anew unless the cache holds it."""
    file = cache / f"advisories-{_digest(files)}.sqlite"
    if file.exists():
        os.utime(file)
        return Index(file)
    cache.mkdir(parents=True, exist_ok=True)
    made = file.with_suffix(f".{os.getpid()}.part")
    try:
        with closing(sqlite3.connect(made)) as db:
            _fill(db, files, moved)
        made.replace(file)
    finally:
        made.unlink(missing_ok=True)
    _forget_oldest(cache)
    return Index(file)


def _digest(files: Sequence[Path]) -> str:
    """Digest the files' names, sizes and times, and the code that reads them."""
    digest = hashlib.sha256()
    for path in files:
        seen = path.stat()
        digest.update(f"{path.resolve()}\0{seen.st_size}\0{seen.st_mtime_ns}\n".encode())
    for package in _READERS:
        for each in _modules(resources.files(package)):
            digest.update(each.read_bytes())
    return digest.hexdigest()[:32]


def _modules(folder: Any) -> Iterator[Any]:
    for each in sorted(folder.iterdir(), key=lambda one: str(one.name)):
        if each.is_dir():
            yield from _modules(each)
        elif each.name.endswith(".py"):
            yield each


def _fill(db: sqlite3.Connection, files: Sequence[Path], moved: Moved) -> None:
    db.execute("PRAGMA journal_mode = OFF")  # a half-made index is thrown away, never mended
    db.execute("PRAGMA synchronous = OFF")
    db.executescript(SCHEMA)
    count = 0
    for each in _portions(sources.records(files, moved)):
        count += each.records
        _keep(db, each)
    db.execute(BY_IDENT)
    db.execute("INSERT INTO size VALUES (?)", (count,))
    db.commit()


def _portions(records: Iterator[Record]) -> Iterator[Portion]:
    """Read records, many of them in as many processes as there are processors."""
    first = list(islice(records, _AT_ONCE))
    if len(first) < _AT_ONCE:
        yield portion(first)
        return
    workers = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
    spawn = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=collecting.seldom) as pool:
        waiting: list[Future[Portion]] = []
        for part in _parts(first, records):
            waiting.append(pool.submit(portion, part))
            if len(waiting) > 2 * (workers or 1):
                yield waiting.pop(0).result()
        for each in waiting:
            yield each.result()


def _parts(first: list[Record], rest: Iterator[Record]) -> Iterator[list[Record]]:
    for start in range(0, len(first), _PORTION):
        yield first[start : start + _PORTION]
    while part := list(islice(rest, _PORTION)):
        yield part


def _keep(db: sqlite3.Connection, read: Portion) -> None:
    [(last,)] = db.execute("SELECT coalesce(max(number), 0) FROM entry")
    numbered = list(enumerate(read.entries, last + 1))
    db.executemany(
        "INSERT INTO entry VALUES (?, ?, ?, ?, ?)",
        ((n, each.advisory, each.url, each.identifier, each.body) for n, each in numbered),
    )
    db.executemany(
        "INSERT INTO met_by VALUES (?, ?)",
        ((ident, n) for n, each in numbered for ident in each.idents),
    )
    db.executemany(
        "INSERT OR IGNORE INTO alias VALUES (?, ?)",
        ((one.identifier, alias) for one in read.entries for alias in one.aliases),
    )
    db.executemany("INSERT OR IGNORE INTO exploited VALUES (?)", ((e,) for e in read.exploited))
    db.executemany(
        "INSERT INTO unread VALUES (?, ?, ?)", ((e.where, e.reason, e.mend) for e in read.unread)
    )


def _forget_oldest(cache: Path) -> None:
    held = sorted(cache.glob("advisories-*.sqlite"), key=lambda each: each.stat().st_mtime)
    for each in held[:-_KEPT]:
        each.unlink(missing_ok=True)

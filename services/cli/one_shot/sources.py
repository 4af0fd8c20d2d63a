"""Walks advisory files: folders, archives, compressed files, and collections of a record a line."""

import gzip
import lzma
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import IO

from services.intake.formats.reading import MAX_BYTES

Moved = Callable[[int], None]
"""Told how many bytes of the files on disk have been read since it was told last."""

_LINES = (".jsonl", ".ndjson")
_OPENERS: dict[str, Callable[[IO[bytes]], BufferedIOBase]] = {
    ".xz": lzma.LZMAFile,
    ".gz": lambda raw: gzip.GzipFile(fileobj=raw),
}
_BROKEN = (OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)
"""What reading a damaged file raises; the last: a ZIP compression that Python does not know."""

_READ = frozenset({".json", ".yaml", ".yml", ".zip", *_LINES, *_OPENERS})


@dataclass(frozen=True, slots=True)
class Record:
    """One document's bytes and where they are; `trouble` says why they cannot be had."""

    where: str
    value: bytes
    trouble: str | None = None


def files(paths: Sequence[Path]) -> list[Path]:
    """List the files that are named, and in folders those whose ending we read, in order."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.rglob("*") if each.suffix.lower() in _READ)
            found |= dict.fromkeys(each for each in inside if each.is_file())
        else:
            found[path] = None
    return list(found)


def records(paths: Sequence[Path], moved: Moved = lambda _: None) -> Iterator[Record]:
    """Read every record of these files, one after the other, never a whole archive at once."""
    for path in paths:
        try:
            yield from _file(path, moved)
        except _BROKEN as error:
            yield Record(str(path), b"", f"it cannot be read: {error}")


def _file(path: Path, moved: Moved) -> Iterator[Record]:
    with path.open("rb") as raw:
        if path.suffix.lower() == ".zip":
            yield from _archive(path, raw, moved)
        else:
            yield from _told(_stream(str(path), raw), raw, moved)


def _archive(path: Path, raw: IO[bytes], moved: Moved) -> Iterator[Record]:
    with zipfile.ZipFile(raw) as archive:
        for member in archive.infolist():
            if not member.is_dir() and Path(member.filename).suffix.lower() in _READ - {".zip"}:
                with archive.open(member) as opened:
                    yield from _stream(f"{path}:{member.filename}", opened)
                moved(member.compress_size)


def _told(records: Iterator[Record], raw: IO[bytes], moved: Moved) -> Iterator[Record]:
    before = 0
    for each in records:
        yield each
        now = raw.tell()
        moved(now - before)
        before = now


def _stream(where: str, raw: IO[bytes]) -> Iterator[Record]:
    name = Path(where)
    opener = _OPENERS.get(name.suffix.lower())
    if opener is None:
        yield from _content(where, name.suffix.lower(), raw)
        return
    with closing(opener(raw)) as opened:
        yield from _content(where, Path(name.stem).suffix.lower(), opened)


def _content(where: str, kind: str, opened: IO[bytes] | BufferedIOBase) -> Iterator[Record]:
    if kind not in _LINES:
        yield _record(where, opened.read(MAX_BYTES + 1))
        return
    number = 0
    while line := opened.readline(MAX_BYTES + 1):
        number += 1
        if line.strip():
            yield _record(f"{where}:{number}", line)


def _record(where: str, value: bytes) -> Record:
    if len(value) > MAX_BYTES:
        return Record(where, b"", f"it is larger than {MAX_BYTES} bytes")
    return Record(where, value)

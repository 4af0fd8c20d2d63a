"""Fetches Apache Kafka's jars once for this user, each checked against its digest."""

import errno
import hashlib
import os
import queue
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from deploy import cache
from deploy.errors import StackError

MAVEN_CENTRAL = "https://repo.maven.apache.org/maven2"
LOCK = Path(__file__).with_name("kafka.lock")

_AT_ONCE = 8
_TRIES = 3
_SECONDS = 20
"""How long a repository may be silent before a download is tried again."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of `kafka.lock`."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def path(self) -> str:
        """The file's place in a Maven repository."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.name}"


def locked() -> Iterator[Jar]:
    """Read which jars make up Kafka."""
    for line in LOCK.read_text().splitlines():
        if line and not line.startswith("#"):
            group, artifact, version, sha256, size = line.split()
            yield Jar(group, artifact, version, sha256, int(size))


def folder() -> Path:
    """Give the place of the jars in the cache: another lock file has another."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    return cache.folder() / f"kafka-{digest}"


def fetch(say: Callable[[str], None]) -> Path:
    """Give the folder of all jars, downloading what is missing with progress through `say`.

    Raises:
        StackError: Maven Central cannot be reached, the cache cannot be used, or a digest differs.
    """
    place = folder()
    try:
        missing = [jar for jar in locked() if not (place / jar.name).exists()]
        if missing:
            place.mkdir(parents=True, exist_ok=True)
            _download_all(missing, _source(), place, say)
    except OSError as error:
        raise StackError(
            f"Apache Kafka cannot be stored in {place}: {error.strerror or error}",
            f"{_mend(error)} choose another folder with PATCHVIGIL_CACHE",
        ) from error
    return place


def _source() -> str:
    """Give the repository's address.

    Raises:
        StackError: what the environment names is no address.
    """
    source = os.environ.get("PATCHVIGIL_MAVEN_URL") or MAVEN_CENTRAL
    if not source.startswith(("https://", "http://")):
        raise StackError(
            f"PATCHVIGIL_MAVEN_URL={source} is no address of a Maven repository",
            f"write it in full, as in {MAVEN_CENTRAL}",
        )
    return source.rstrip("/")


def _mend(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "free some space, or"
    return "make it writable for the user who runs this, or"


def _download_all(jars: list[Jar], source: str, place: Path, say: Callable[[str], None]) -> None:
    """Download side by side, in threads that no Ctrl-C has to wait for."""
    total, done, told = sum(jar.size for jar in jars), 0, 0
    say(f"downloading Apache Kafka, once: {len(jars)} files, {total / 1e6:.0f} MB from {source}")
    wanted: queue.SimpleQueue[Jar] = queue.SimpleQueue()
    # The large ones first, so that none of them is left alone at the end.
    for jar in sorted(jars, key=lambda jar: -jar.size):
        wanted.put(jar)
    ended: queue.SimpleQueue[Jar | Exception] = queue.SimpleQueue()
    for number in range(_AT_ONCE):
        work = (wanted, ended, source, place)
        threading.Thread(target=_work, args=work, name=f"jars-{number}", daemon=True).start()
    for _ in jars:
        outcome = ended.get()
        if isinstance(outcome, Exception):
            raise outcome
        done += outcome.size
        if (tenth := 10 * done // total) > told:
            told = tenth
            say(f"  {done / 1e6:3.0f} of {total / 1e6:.0f} MB")


def _work(
    wanted: "queue.SimpleQueue[Jar]",
    ended: "queue.SimpleQueue[Jar | Exception]",
    source: str,
    place: Path,
) -> None:
    """Download what is wanted until nothing is left or something fails."""
    try:
        while True:
            jar = wanted.get_nowait()
            _store(jar, _download(jar, source), place)
            ended.put(jar)
    except queue.Empty:
        return
    except Exception as error:  # noqa: BLE001 - handed to the thread that waits, and raised there
        ended.put(error)


def _download(jar: Jar, source: str) -> bytes:
    """Read one file and check that it is the one that was locked.

    Raises:
        StackError: the repository cannot be reached, lacks the file, or has another.
    """
    url = f"{source}/{jar.path}"
    for left in reversed(range(_TRIES)):
        try:
            with urllib.request.build_opener().open(url, timeout=_SECONDS) as answer:
                content: bytes = answer.read()
            break
        except urllib.error.HTTPError as error:
            with error:  # it holds the connection
                raise _unreachable(source, str(error)) from error
        except (OSError, HTTPException) as error:
            if not left:
                raise _unreachable(source, getattr(error, "reason", error)) from error
    if hashlib.sha256(content).hexdigest() != jar.sha256:
        raise StackError(
            f"{url} is not the file that kafka.lock names: its digest differs",
            "if a mirror or proxy alters downloads, name another in PATCHVIGIL_MAVEN_URL",
        )
    return content


def _unreachable(source: str, reason: object) -> StackError:
    return StackError(
        f"Apache Kafka cannot be downloaded from {source}: {reason}",
        "connect this machine once, through a proxy by the usual https_proxy; or name a mirror of"
        " Maven Central in PATCHVIGIL_MAVEN_URL; or use servers you have: set"
        " PATCHVIGIL_STACK=external, PATCHVIGIL_KAFKA_BOOTSTRAP, PATCHVIGIL_POSTGRES_DSN and"
        " PATCHVIGIL_REDIS_URL",
    )


def _store(jar: Jar, content: bytes, place: Path) -> None:
    """Put a file into the cache whole or not at all, even with two downloads at once."""
    with tempfile.NamedTemporaryFile(dir=place, delete=False) as file:
        unfinished = Path(file.name)
        try:
            file.write(content)
            file.flush()
            unfinished.replace(place / jar.name)
        except OSError:
            unfinished.unlink()
            raise

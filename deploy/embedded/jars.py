"""Fetches Apache Kafka's jars once for this user, each checked against its digest."""

import hashlib
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from deploy.errors import StackError

MAVEN_CENTRAL = "https://repo.maven.apache.org/maven2"
LOCK = Path(__file__).with_name("kafka.lock")

_AT_ONCE = 8
_TRIES = 3
_SECONDS = 60


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
    """Give the cache: PATCHVIGIL_CACHE, or this user's own; shared by every checkout."""
    base = os.environ.get("PATCHVIGIL_CACHE") or platformdirs.user_cache_dir("patchvigil")
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    return Path(base).resolve() / f"kafka-{digest}"


def fetch(say: Callable[[str], None]) -> Path:
    """Give the folder of all jars, downloading what is missing with progress through `say`.

    Raises:
        StackError: Maven Central cannot be reached, the disk is full, or a digest differs.
    """
    place = folder()
    missing = [jar for jar in locked() if not (place / jar.name).exists()]
    if not missing:
        return place
    source = os.environ.get("PATCHVIGIL_MAVEN_URL") or MAVEN_CENTRAL
    total = sum(jar.size for jar in missing)
    say(f"downloading Apache Kafka, once: {len(missing)} files, {total / 1e6:.0f} MB from {source}")
    try:
        place.mkdir(parents=True, exist_ok=True)
        _download_all(missing, source, place, say)
    except urllib.error.URLError as error:
        raise StackError(
            f"Apache Kafka cannot be downloaded from {source}: {error.reason}",
            "connect this machine once; or name a mirror of Maven Central in PATCHVIGIL_MAVEN_URL;"
            " or use a broker you have: set PATCHVIGIL_STACK=external, PATCHVIGIL_KAFKA_BOOTSTRAP,"
            " PATCHVIGIL_POSTGRES_DSN and PATCHVIGIL_REDIS_URL",
        ) from error
    except OSError as error:
        raise StackError(
            f"Apache Kafka cannot be stored in {place}: {error.strerror or error}",
            "free some space, or choose another folder with PATCHVIGIL_CACHE",
        ) from error
    return place


def _download_all(jars: list[Jar], source: str, place: Path, say: Callable[[str], None]) -> None:
    total, done, told = sum(jar.size for jar in jars), 0, 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # The large ones first, so that none of them is left alone at the end.
        biggest_first = sorted(jars, key=lambda jar: -jar.size)
        running = {pool.submit(_download, jar, source, place): jar for jar in biggest_first}
        try:
            for finished in as_completed(running):
                finished.result()
                done += running[finished].size
                if (tenth := 10 * done // total) > told:
                    told = tenth
                    say(f"  {done / 1e6:3.0f} of {total / 1e6:.0f} MB")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _download(jar: Jar, source: str, place: Path) -> None:
    url = f"{source.rstrip('/')}/{jar.path}"
    for left in reversed(range(_TRIES)):
        try:
            with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - https or the operator's own mirror
                content = answer.read()
            break
        except urllib.error.HTTPError:
            raise
        except OSError as error:
            if not left:
                raise urllib.error.URLError(str(getattr(error, "reason", error))) from error
    if hashlib.sha256(content).hexdigest() != jar.sha256:
        raise StackError(
            f"{url} is not the file that kafka.lock names: its digest differs",
            "if a mirror or proxy alters downloads, name another in PATCHVIGIL_MAVEN_URL",
        )
    with tempfile.NamedTemporaryFile(dir=place, delete=False) as file:
        file.write(content)
    Path(file.name).replace(place / jar.name)  # whole or not at all, even with two at once

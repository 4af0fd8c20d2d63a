"""How long one SBOM against advisory files takes on the command line, with no service running.

5,000 components stand against 100,000 made CVE records of about 4 kB, as real ones are; a twentieth
of the records is on packages of the SBOM. The baseline parses the same JSON and nothing else.
`python -m tests.bench.one_shot` writes bench/results/one_shot.json.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from tests.bench.report import Figure, write
from tests.component.intake import documents

COMPONENTS, ADVISORIES, PACKAGES = 5_000, 100_000, 100_000
PROGRAM = Path(sys.executable).with_name("patchvigil")
TEXT = "A flaw in the parser lets a remote attacker read memory that is not theirs. " * 30


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the command: how long it took, how much memory its processes held at most."""

    seconds: float
    mebibytes: float
    results: int


def main() -> None:
    """Make the files, match twice, and write the figures."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        chance = random.Random(5)
        (place / "sbom.json").write_text(json.dumps(_sbom(chance)))
        with (place / "advisories.jsonl").open("wb") as out:
            out.writelines(_advisories(chance))
        began = time.perf_counter()
        with (place / "advisories.jsonl").open("rb") as lines:
            for line in lines:
                orjson.loads(line)
        plain = time.perf_counter() - began
        first, second = _matched(place), _matched(place)
    if not first.results == second.results > 0:
        raise SystemExit(f"{first.results} results, then {second.results}")
    least = max(first.mebibytes, second.mebibytes)
    what = "`patchvigil match`:"
    first_run = f"{what} 5,000 components, 100,000 advisories, first run"
    write("one_shot", [
        Figure(first_run, first.seconds, "s", "lower", 20, plain),
        Figure(f"{what} the same again, from the cached index", second.seconds, "s", "lower", 2),
        Figure(f"{what} memory of all its processes", least, "MiB", "lower", 1024),
        Figure(f"{what} results", first.results, "", "higher"),
    ])  # fmt: skip


def _sbom(chance: random.Random) -> dict[str, object]:
    parts = [
        {"type": "library", "name": f"part-{n}", "version": (version := _version(chance)),
         "bom-ref": f"r{n}", "purl": f"pkg:npm/part-{n}@{version}"}
        for n in range(COMPONENTS)
    ]  # fmt: skip
    return documents.sbom("infusor", "2.0") | {"components": parts, "dependencies": []}


def _version(chance: random.Random) -> str:
    return f"{chance.randrange(6)}.{chance.randrange(20)}.{chance.randrange(20)}"


def _advisories(chance: random.Random) -> Iterator[bytes]:
    for number in range(ADVISORIES):
        record = documents.cve(10_000 + number, fixed=f"{chance.randrange(1, 6)}.0.0")
        cna = record["containers"]["cna"]
        cna["descriptions"] = [{"lang": "en", "value": TEXT}]
        cna["references"] = [{"url": f"https://example.org/{number}/{n}"} for n in range(6)]
        score = {"version": "3.1", "vectorString": "CVSS:3.1/AV:N", "baseScore": 7.5}
        cna["metrics"] = [{"cvssV3_1": score}]
        name = f"part-{chance.randrange(PACKAGES)}"
        cna["affected"][0] |= {
            "vendor": name, "product": name, "packageName": name,
            "collectionURL": "https://registry.npmjs.org",
            "cpes": [f"cpe:2.3:a:{name}:{name}:*:*:*:*:*:*:*:*"],
        }  # fmt: skip
        yield orjson.dumps(record) + b"\n"


def _matched(place: Path) -> Run:
    began = time.perf_counter()
    with (place / "out.json").open("wb") as out:
        running = subprocess.Popen(
            [PROGRAM, "match", "--sbom", "sbom.json", "--advisories", "advisories.jsonl", "--json"],
            cwd=place, stdout=out, env={**os.environ, "PATCHVIGIL_CACHE": str(place / "cache")},
        )  # fmt: skip
        most = 0
        while running.poll() is None:
            most = max(most, sum(_resident(each) for each in _family(running.pid)))
            time.sleep(0.05)
    seconds = time.perf_counter() - began
    return Run(seconds, most / 2**20, len(json.loads((place / "out.json").read_bytes())))


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))
    except (FileNotFoundError, ProcessLookupError):
        return  # it ended while we looked


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()

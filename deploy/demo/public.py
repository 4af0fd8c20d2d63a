"""Takes in a folder of public records, as an integration would, and says what became of them.

The folder is laid out as `cve/*.jsonl.xz`, `csaf/*.jsonl.xz`, `kev/*.json`, `osv/*.jsonl.xz` and
`sbom/*`; nothing of it is kept in the project.
"""

import json
import lzma
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deploy.demo.stage import BrokenStoryError, Stage
from deploy.kafka.lag import lags
from deploy.world import KafkaAddress
from schemas.topics import SERVICES

CHUNK_BYTES = 8_000_000
"""A submission holds at most so many bytes of records."""

_QUIET_SECONDS = 3.0
_PATIENCE = 900.0
_RECONCILE = "/v1/reconcile"
_ENTITY = "public-records"
_UNFIT = 422
_BECAME = frozenset({"accepted", "unchanged", "superseded", "rejected"})
"""What may become of a record; other counts say what was in it."""


@dataclass(slots=True)
class Tally:
    """What became of the submitted records."""

    records: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def play(stage: Stage, folder: Path, kafka: KafkaAddress) -> None:
    """Submit everything twice; the second time must change nothing."""
    stage.scene(1, f"All public records of {folder.name}")
    before = _state(stage)
    first = _load(stage, folder)
    settled = _settle(stage, kafka)
    _print(stage, first, settled)
    stage.check(
        "records were accepted", passed=first.records["accepted"] > 0, found=dict(first.records)
    )
    stage.check("no mandatory CRA clock runs: no exploitation was confirmed by a person",
                passed=not _mandatory(stage), found=len(_mandatory(stage)))  # fmt: skip
    stage.check("the records brought findings", passed=settled != before, found=settled["findings"])
    stage.scene(2, "The same records again: nothing changes")
    second = _load(stage, folder)
    again = _settle(stage, kafka)
    _print(stage, second, again)
    stage.check("nothing was accepted the second time", passed=second.records["accepted"] == 0,
                found=dict(second.records))  # fmt: skip
    stage.check("findings, cases and clocks are as before", passed=again == settled, found=again)
    stage.scene(3, "The fleet checks itself")
    for service in SERVICES:
        found = stage.get(service, _RECONCILE)["differences"]
        stage.check(f"{service}: reconcile finds no difference", passed=not found, found=len(found))
        stuck = stage.get(service, "/v1/quarantine")["items"]
        stage.check(f"{service}: nothing is quarantined", passed=not stuck, found=len(stuck))


def _load(stage: Stage, folder: Path) -> Tally:
    tally = Tally()
    began = time.monotonic()
    _submit(stage, tally, "catalogue", _catalogue(folder), "application/yaml")
    for name, content in _sboms(folder):
        product = _product(name)
        _submit(stage, tally, name, content, "application/json", product=product, version="1")
    for source in ("cve", "csaf", "osv"):
        for path in sorted((folder / source).glob("*.jsonl.xz")):
            count = 0
            for number, (content, records) in enumerate(_chunks(path)):
                name = f"{path.stem}-{number:04}.jsonl"
                _submit(stage, tally, name, content, "application/jsonl", lane="bulk")
                count += records
            stage.say("plm", f"submitted {count:,} records of {source}/{path.name}")
    for path in sorted((folder / "kev").glob("*.json")):
        _submit(stage, tally, path.name, path.read_bytes(), "application/json", lane="bulk")
        stage.say("plm", f"submitted {path.name}", "a first load is history, not news")
    tally.seconds = time.monotonic() - began
    return tally


def _chunks(path: Path) -> Iterator[tuple[bytes, int]]:
    """Cut a file of records into submissions."""
    lines: list[bytes] = []
    size = 0
    with lzma.open(path) as opened:
        for line in opened:
            lines.append(line)
            size += len(line)
            if size >= CHUNK_BYTES:
                yield b"".join(lines), len(lines)
                lines, size = [], 0
    if lines:
        yield b"".join(lines), len(lines)


def _sboms(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted((folder / "sbom").glob("*.cdx.json")):
        yield path.name.removesuffix(".cdx.json"), path.read_bytes()
    for path in sorted((folder / "sbom").glob("*.jsonl.xz")):
        with lzma.open(path) as opened:
            for number, line in enumerate(opened):
                yield f"{path.name.removesuffix('.jsonl.xz')}-{number:02}", line


def _product(name: str) -> str:
    return f"public/{name}"


def _catalogue(folder: Path) -> bytes:
    """Register a product for each CycloneDX document that lists components."""
    products = []
    for name, content in _sboms(folder):
        document = json.loads(content)
        if document.get("bomFormat") != "CycloneDX":
            continue
        products.append({
            "product": _product(name), "name": name, "entity": _ENTITY,
            "versions": [{"version": "1"}],
        })  # fmt: skip
    entities = [{"entity": _ENTITY, "name": "Public records"}]
    return yaml.safe_dump({"entities": entities, "products": products}).encode()


def _submit(
    stage: Stage, tally: Tally, name: str, content: bytes, kind: str, **params: str
) -> None:
    answer = stage.call(
        "plm", "POST", "intake", "/v1/submissions", content=content,
        params={"name": name, **params}, headers={"content-type": kind}, timeout=600,
    )  # fmt: skip
    body: dict[str, Any] = answer.json()
    if answer.status_code == _UNFIT:
        faults = body.get("errors") or [body]
        tally.records["rejected"] += 1
        tally.reasons[str(faults[0].get("detail"))[:90]] += 1
        return
    if answer.is_error:
        raise BrokenStoryError(f"{name}: {answer.status_code} {answer.text[:300]}")
    counts = {_word(what): count for what, count in body["counts"].items()}
    told = {what: count for what, count in counts.items() if what in _BECAME}
    for what, count in (told or {_word(body["status"]): 1}).items():
        tally.records[what] += count
    for fault in body["faults"]:
        tally.reasons[str(fault["reason"])[:90]] += 1


def _word(what: str) -> str:
    return "accepted" if what == "published" else what


def _state(stage: Stage) -> dict[str, Any]:
    verdicts = {
        verdict: _count(stage, "sbom-matcher", f"/v1/findings?verdict={verdict}")
        for verdict in ("affected", "not_affected", "fixed", "unknown")
    }
    return {
        "findings": verdicts,
        "cases": _count(stage, "triage", "/v1/cases"),
        "clocks": _count(stage, "deadline-clock", "/v1/clocks"),
    }


def _count(stage: Stage, service: str, path: str) -> int:
    count, cursor = 0, ""
    joint = "&" if "?" in path else "?"
    while True:
        found = stage.get(service, f"{path}{joint}limit=500{cursor}")
        count += len(found["items"])
        if found["next"] is None:
            return count
        cursor = f"&cursor={found['next']}"


def _quiet(stage: Stage, kafka: KafkaAddress) -> bool:
    """Tell whether no service has anything left to do."""
    pending = sum(stage.get(service, "/v1/outbox")["pending"] for service in SERVICES)
    return not pending and not lags(kafka) and not stage.get("sbom-matcher", _RECONCILE)["waiting"]


def _settle(stage: Stage, kafka: KafkaAddress) -> dict[str, Any]:
    """Wait until nothing moves any more: no record unread, unsent or unmatched, twice in a row."""
    deadline = time.monotonic() + _PATIENCE
    last: dict[str, Any] | None = None
    while time.monotonic() < deadline:
        now = _state(stage) if _quiet(stage, kafka) else None
        if now is not None and now == last:
            return now
        last = now
        time.sleep(_QUIET_SECONDS)
    raise BrokenStoryError(f"the fleet did not come to rest within {_PATIENCE:.0f} s")


def _mandatory(stage: Stage) -> list[Any]:
    found = stage.get("deadline-clock", "/v1/clocks?mode=mandatory&state=running&limit=500")[
        "items"
    ]
    return [each for each in found if each["rule"].startswith("cra.")]


def _print(stage: Stage, tally: Tally, state: dict[str, Any]) -> None:
    total = sum(tally.records.values())
    stage.say("intake", f"{dict(tally.records)} in {tally.seconds:.1f} s",
              f"{total / max(tally.seconds, 0.001):.0f} records a second")  # fmt: skip
    for reason, count in tally.reasons.most_common(12):
        stage.say("intake", f"rejected {count}: {reason}")
    for what, held in state.items():
        stage.say("fleet", f"{what}: {held}")

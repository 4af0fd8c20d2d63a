"""Takes in a folder of public records, as an integration would, and says what became of them."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.demo.records import catalogue, chunks, product_of, sboms
from deploy.demo.stage import BrokenStoryError, Stage
from deploy.kafka.lag import lags
from deploy.world import KafkaAddress
from schemas.topics import SERVICES

_QUIET_SECONDS = 3.0
_PATIENCE = 900.0
_RECONCILE = "/v1/reconcile"
_UNFIT = 422
_MEANING = {
    "accepted": "new: published to the fleet",
    "unchanged": "held already, byte for byte or in what it says",
    "superseded": "a newer one of the same name is held",
    "rejected": "not readable as what it claims to be; why, below",
}
"""What may become of a record; other counts say what was in it."""


@dataclass(slots=True)
class Tally:
    """What became of the submitted records."""

    records: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def play(stage: Stage, folder: Path, kafka: KafkaAddress) -> None:
    """Submit everything twice; the second time must change nothing, nor does a second run."""
    stage.scene(1, f"All public records of {folder.resolve().name}")
    before = _settle(stage, kafka)
    first = _load(stage, folder, "a first load is history, not news")
    settled = _settle(stage, kafka)
    _print(stage, first, settled)
    taken = first.records["accepted"] + first.records["unchanged"]
    stage.check("the records were accepted, now or in an earlier run", passed=taken > 0,
                found=dict(first.records))  # fmt: skip
    stage.check("they brought findings and cases",
                passed=settled["findings"]["affected"] > 0 and settled["cases"] > 0,
                found=settled["findings"])  # fmt: skip
    if not first.records["accepted"]:
        stage.check("running it again changed nothing", passed=settled == before, found=settled)
    cra = [each for each in _items(stage, "deadline-clock", "/v1/clocks")
           if each["rule"].startswith("cra.")]  # fmt: skip
    for because in {each["mode_reason"] for each in cra}:
        stage.say("clock", f"CRA: {sum(each['mode_reason'] == because for each in cra)} clocks",
                  because)  # fmt: skip
    duties = [each for each in cra if each["mode"] == "mandatory"]
    stage.check("KEV dates before 2026-09-11 start no mandatory CRA clock", passed=not duties,
                found=f"{len(duties)} of {len(cra)} clocks of the CRA are mandatory")  # fmt: skip
    stage.scene(2, "The same records again: nothing changes")
    second = _load(stage, folder, "the same bytes as before")
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
        stage.say(service, f"{len(found)} differences, {len(stuck)} quarantined",
                  "every join recomputed")  # fmt: skip


def _load(stage: Stage, folder: Path, why: str) -> Tally:
    tally = Tally()
    began = time.monotonic()
    _submit(stage, tally, "catalogue", catalogue(folder), "application/yaml")
    for name, content in sboms(folder):
        product = product_of(name)
        _submit(stage, tally, name, content, "application/json", product=product, version="1")
    for source in ("cve", "csaf", "osv"):
        for path in sorted((folder / source).glob("*.jsonl.xz")):
            count = 0
            for number, (content, records) in enumerate(chunks(path)):
                name = f"{path.stem}-{number:04}.jsonl"
                _submit(stage, tally, name, content, "application/jsonl", records, lane="bulk")
                count += records
            stage.say("plm", f"submits {count:,} records of {source}/{path.name}", why)
    for path in sorted((folder / "kev").glob("*.json")):
        _submit(stage, tally, path.name, path.read_bytes(), "application/json", lane="bulk")
        stage.say("plm", f"submits kev/{path.name}", why)
    tally.seconds = time.monotonic() - began
    return tally


def _submit(
    stage: Stage, tally: Tally, name: str, content: bytes, kind: str, records: int = 1,
    **params: str,
) -> None:  # fmt: skip
    """Submit a document, and count what became of its records."""
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
    told = {what: count for what, count in counts.items() if what in _MEANING}
    for what, count in (told or {_word(body["status"]): records}).items():
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
        "clocks": dict(
            sorted(
                Counter(
                    f"{each['rule'].partition('.')[0]}, {each['mode']}, {each['state']}"
                    for each in _items(stage, "deadline-clock", "/v1/clocks")
                ).items()
            )
        ),
    }


def _count(stage: Stage, service: str, path: str) -> int:
    return sum(1 for _ in _items(stage, service, path))


def _items(stage: Stage, service: str, path: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    joint = "&" if "?" in path else "?"
    while True:
        found = stage.get(service, f"{path}{joint}limit=500{cursor}")
        yield from found["items"]
        if found["next"] is None:
            return
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


def _print(stage: Stage, tally: Tally, state: dict[str, Any]) -> None:
    total = sum(tally.records.values())
    rate = total / max(tally.seconds, 0.001)
    stage.say(
        "intake",
        f"took {total:,} records in {tally.seconds:.1f} s",
        f"{rate:,.0f} records a second, from this side of HTTP",
    )
    for became in sorted(_MEANING.keys() & tally.records):
        stage.say("intake", f"{became}: {tally.records[became]:,}", _MEANING[became])
    for reason, count in tally.reasons.most_common():
        stage.say("intake", f"rejected {count:,}", reason)
    for verdict, count in state["findings"].items():
        stage.say("sbom-matcher", f"findings {verdict}: {count:,}", "a component of an SBOM")
    stage.say("triage", f"cases: {state['cases']:,}", "a vulnerability that affects a product")
    for kind, count in state["clocks"].items():
        stage.say("clock", f"clocks: {count:,}", kind)
    if not state["clocks"]:
        stage.say("clock", "clocks: 0", "no case has met a signal")

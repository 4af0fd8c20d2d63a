"""The command `doctor`: checks what the fleet rests on, and says how to mend what is wrong."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime

import httpx
import typer

from deploy.embedded.home import LEAST_FREE, Home
from deploy.kafka import topics
from deploy.stack import Running
from schemas.topics import SERVICES
from services.cli.door import Door, door, fleet, home, variable
from services.cli.health import AUDITOR, READY, SILENT, auditor, standing
from services.cli.printing import as_json, table
from services.cli.refusal import Exit, RefusedError
from services.cli.words import As, AsJson

_SKEW_SECONDS = 2.0
_OWNER_ONLY = 0o077


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: `result` is ok, or what is wrong; `mend` says what to do."""

    check: str
    result: str = "ok"
    mend: str = ""


def doctor(json: AsJson = False, who: As = None) -> None:
    """Check what the fleet rests on, and say how to mend what is wrong.

    Looks at the folder on this machine, Kafka's topics and access rules, and of each service its
    readiness, its audit chain, its clock, its timers, its outbox, its quarantine and whether its
    database was restored; at the auditor
    of deadlines and its second path; and at the on-call roster. Exits 1 where something is wrong.
    """
    opened = door(who)
    found = fleet()
    checks = [*_machine(found), *_kafka(found)]
    for service in SERVICES:
        checks += _service(opened, service)
    checks += _auditor(opened)
    if "notification" in opened.urls:
        checks += _roster(opened)
    if json:
        as_json([asdict(each) for each in checks])
    else:
        table([asdict(each) for each in checks], ["check", "result", "mend"])
    if any(each.result != "ok" for each in checks):
        raise typer.Exit(Exit.REFUSED)


def _wrong(check: str, wrong: str, mend: str) -> Check:
    """Make a check; nothing wrong means ok."""
    return Check(check, wrong, mend) if wrong else Check(check)


def _machine(found: Running | None) -> Iterator[Check]:
    folder = Home(home())
    none = "" if found or _addressed() else f"nothing runs in {folder.path}"
    yield _wrong("fleet", none, "patchvigil up, or set PATCHVIGIL_HOME to the folder of one")
    if not folder.path.is_dir():
        return
    free = shutil.disk_usage(folder.path).free
    short = "" if free >= LEAST_FREE else f"{free // 2**20} MB free of {LEAST_FREE // 2**20} MB"
    yield _wrong("disk", short, f"free space on the disk of {folder.path}")
    tokens = folder.path / "tokens.json"
    if tokens.exists():
        open_ = "" if not tokens.stat().st_mode & _OWNER_ONLY else "other users can read the tokens"
        yield _wrong("tokens", open_, f"chmod 600 {tokens}, and replace the tokens")


def _addressed() -> bool:
    return all(os.environ.get(variable(service)) for service in SERVICES)


def _kafka(found: Running | None) -> Iterator[Check]:
    if found is None:
        return
    try:
        drift = topics.diff(found.stack.kafka, prefix=found.stack.topic_prefix)
    except Exception as error:  # noqa: BLE001 - librdkafka raises kinds of its own; all are shown
        log = Home(home()).logs / "kafka.log"
        yield Check("kafka", str(error), f"read {log}, or look at the broker")
        return
    yield Check("kafka")
    said = "; ".join(str(each) for each in drift)
    mendable = all(each.mendable for each in drift)
    mend = "patchvigil topics apply" if mendable else "patchvigil topics diff, then by hand"
    yield _wrong("kafka topics and access rules", said, mend)


def _service(opened: Door, service: str) -> Iterator[Check]:
    row = standing(opened, service)
    log = Home(home()).logs / f"{service}.log"
    ready = row["ready"]
    if ready != READY:
        start = "start it: patchvigil up" if ready in SILENT else f"read {log}"
        yield Check(service, ": ".join(filter(None, (ready, row["trouble"]))), start)
        return
    yield _wrong(service, row["trouble"], "act as one with the role admin: --as ID")
    yield from _records(opened, service)
    overdue, waiting = row.get("overdue") or 0, row.get("quarantine") or 0
    yield _wrong(f"{service} timers", f"{overdue} overdue" if overdue else "", f"read {log}")
    yield _wrong(
        f"{service} quarantine",
        f"{waiting} records could not be handled or wait" if waiting else "",
        f"patchvigil quarantine ls --service {service}",
    )
    setbacks = opened.get(service, "/v1/setbacks")
    records = sum(each["records"] for each in setbacks)
    said = f"its database was restored: {records} records are read again" if setbacks else ""
    mend = (
        "enter again what people did since the backup (docs/operations.md), then patchvigil setback"
    )
    yield _wrong(f"{service} backup", said, f"{mend} settle --service {service}")


def _records(opened: Door, service: str) -> Iterator[Check]:
    """Check the audit chain, and by the same answer the service's clock."""
    before = time.time()
    try:
        answer = opened.call(service, "GET", "/v1/audit/verify")
    except RefusedError as error:
        yield Check(f"{service} audit chain", str(error), error.faults[0].mend)
        return
    verdict = answer.json()
    broken = "" if verdict["intact"] else "rows were edited, deleted or put in"
    yield _wrong(f"{service} audit chain", broken, "patchvigil audit verify names them")
    skew = skew_of(answer, before)
    apart = f"{skew:.1f} s apart from this machine's" if skew > _SKEW_SECONDS else ""
    yield _wrong(f"{service} clock", apart, "synchronise both machines by NTP")


def skew_of(answer: httpx.Response, before: float) -> float:
    """Give how far a service's clock is from ours, in seconds, by its Date (whole seconds)."""
    date = answer.headers.get("date")
    if date is None:
        return 0.0
    there = parsedate_to_datetime(date).timestamp()
    early, late = before - 1.0 - there, there - time.time()
    return max(0.0, early, late)


def _auditor(opened: Door) -> Iterator[Check]:
    """Check that somebody watches the escalation steps, and can say so past Kafka."""
    if "deadline-clock" not in opened.urls:
        return
    row = auditor(opened)
    mend = {
        "not running": f"start it: patchvigil up, or read {Home(home()).logs / AUDITOR}.log",
        READY: "set PATCHVIGIL_AUDITOR_WEBHOOK_URL or PATCHVIGIL_AUDITOR_MAIL_TO, and see"
        " GET /v1/auditor at deadline-clock; docs/operations.md says more",
    }
    yield _wrong("auditor of deadlines", row["trouble"], mend.get(row["ready"], ""))


def _roster(opened: Door) -> Iterator[Check]:
    mend = "mend the roster file that PATCHVIGIL_ROSTER_FILE names; docs/on-call.md says how"
    try:
        found = opened.get("notification", "/v1/oncall")
    except RefusedError as error:
        if error.status is not Exit.UNREACHABLE:  # said already where it is silent
            yield Check("on-call roster", str(error), mend)
        return
    empty = [each["target"] for each in found["targets"] if not each["people"]]
    nobody = f"nobody is on call for {', '.join(empty)}" if empty else ""
    yield _wrong("on-call roster", found["fault"] or nobody, mend)

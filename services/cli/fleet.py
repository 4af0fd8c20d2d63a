"""Commands for the fleet as a whole: up, down, status, doctor, reconcile."""

import signal
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from deploy.embedded import fleet as embedded
from deploy.errors import StackError
from deploy.kafka import topics
from deploy.signals import until_told
from deploy.stack import stop
from schemas.topics import SERVICES
from services.cli.door import Door, Exit, RefusedError, door, fleet, home
from services.cli.printing import As, AsJson, as_json, err, out, table

app = typer.Typer()

_READY = 200
_SKEW_SECONDS = 2.0


@app.command()
def up(
    home_folder: Annotated[
        Path | None, typer.Option("--home", help="Data folder (PATCHVIGIL_HOME, .patchvigil).")
    ] = None,
    sandbox: Annotated[
        bool, typer.Option(help="Allow compressed time: for demonstrations, never for real use.")
    ] = False,
) -> None:
    """Start Kafka, PostgreSQL, Redis and the six services, and keep them until Ctrl-C."""
    environment = {"PATCHVIGIL_SANDBOX": "true"} if sandbox else {}
    try:
        with until_told(), embedded.run(home_folder or home(), environment=environment) as running:
            for service, url in running.base_urls.items():
                out.print(f"{service:20} {url}")
            out.print("Ctrl-C stops the fleet.")
            signal.pause()
    except StackError as error:
        raise RefusedError(Exit.UNREACHABLE, str(error)) from error


@app.command()
def down() -> None:
    """Stop the fleet that runs on this machine."""
    try:
        stopped = stop(home())
    except StackError as error:
        raise RefusedError(Exit.FAULT, str(error)) from error
    out.print("stopped" if stopped else "nothing runs here")


@app.command()
def status(json: AsJson = False, who: As = None) -> None:
    """Show whether each service is ready, and what waits or stands still in it."""
    opened = door(who)
    rows = [_service(opened, service) for service in SERVICES]
    columns = ["service", "ready", "trouble", "outbox", "overdue", "quarantine", "url"]
    if json:
        as_json(rows)
    else:
        table(rows, columns)
    if not all(row["ready"] == "ready" for row in rows):
        raise typer.Exit(Exit.REFUSED)


def _service(opened: Door, service: str) -> dict[str, Any]:
    url = opened.urls.get(service)
    row: dict[str, Any] = {"service": service, "url": url, "ready": "not running", "trouble": ""}
    if url is None:
        return row
    try:
        answer = httpx.get(f"{url}/health/ready", timeout=10)
    except httpx.TransportError as error:
        return row | {"ready": "unreachable", "trouble": str(error)}
    checks = answer.json()["checks"]
    trouble = "; ".join(f"{name}: {said}" for name, said in checks.items() if said != "ok")
    row |= {"ready": "ready" if answer.status_code == _READY else "not ready", "trouble": trouble}
    try:
        row["outbox"] = opened.get(service, "/v1/outbox")["pending"]
        row["overdue"] = opened.get(service, "/v1/timers")["overdue"]
        row["quarantine"] = sum(1 for _ in opened.items(service, "/v1/quarantine"))
    except RefusedError as error:
        row["trouble"] = "; ".join(filter(None, (trouble, str(error))))
    return row


@app.command()
def doctor(json: AsJson = False, who: As = None) -> None:
    """Check what the fleet rests on: broker, topics, access, database, clock, audit chain."""
    opened = door(who)
    checks = [*_stack_checks(), *(check for each in SERVICES for check in _checks(opened, each))]
    if json:
        as_json(checks)
    else:
        table(checks, ["check", "result", "mend"])
    if any(check["result"] != "ok" for check in checks):
        raise typer.Exit(Exit.REFUSED)


def _check(name: str, result: str = "ok", mend: str = "") -> dict[str, str]:
    return {"check": name, "result": result, "mend": mend if result != "ok" else ""}


def _stack_checks() -> list[dict[str, str]]:
    found = fleet()
    if found is None:
        return [_check("fleet on this machine", "none runs", "patchvigil up")]
    try:
        drift = topics.diff(found.stack.kafka, prefix=found.stack.topic_prefix)
    except Exception as error:  # noqa: BLE001 - librdkafka raises its own kinds; all are shown
        return [_check("kafka", str(error), "look at the broker's log in the home")]
    said = "; ".join(str(difference) for difference in drift) or "ok"
    return [_check("kafka topics and access rules", said, "patchvigil topics apply")]


def _checks(opened: Door, service: str) -> list[dict[str, str]]:
    row = _service(opened, service)
    made = [_check(f"{service} ready", "ok" if row["ready"] == "ready" else str(row["trouble"]))]
    if row["ready"] != "ready":
        return made
    before = time.time()
    answer = opened.call(service, "GET", "/v1/audit/verify")
    verdict = answer.json()
    skew = _skew(answer, before)
    made += [
        _check(f"{service} audit chain", "ok" if verdict["intact"] else str(verdict)),
        _check(f"{service} clock", "ok" if skew < _SKEW_SECONDS else f"{skew:.1f} s apart", "NTP"),
        _check(
            f"{service} quarantine",
            "ok" if not row.get("quarantine") else f"{row['quarantine']} records",
            f"patchvigil quarantine ls --service {service}",
        ),
        _check(
            f"{service} timers",
            "ok" if not row.get("overdue") else f"{row['overdue']} overdue",
            "see the service's log",
        ),
    ]
    return made


def _skew(answer: httpx.Response, before: float) -> float:
    """Give how far the service's clock is from ours, in seconds, by its Date header."""
    date = answer.headers.get("date")
    if date is None:
        return 0.0
    there = time.mktime(time.strptime(date, "%a, %d %b %Y %H:%M:%S %Z")) - time.timezone
    return max(0.0, abs(there - before) - 1.0)


@app.command()
def reconcile(json: AsJson = False, who: As = None) -> None:
    """Recompute every join of every service; the differences must be none."""
    opened = door(who)
    found = [{"service": name, **opened.get(name, "/v1/reconcile")} for name in SERVICES]
    if json:
        as_json(found)
    else:
        for each in found:
            differences = each["differences"]
            out.print(f"{each['service']:20} {len(differences)} differences")
            for difference in differences:
                err.print(f"  {difference}")
    if any(each["differences"] for each in found):
        raise typer.Exit(Exit.REFUSED)

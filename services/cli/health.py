"""Commands that look at the services as a whole: status, reconcile."""

from typing import Any

import httpx
import typer

from schemas.topics import SERVICES
from services.cli.door import Door, door
from services.cli.printing import as_json, err, table
from services.cli.refusal import Exit, RefusedError
from services.cli.words import As, AsJson

READY = "ready"
SILENT = frozenset({"not running", "unreachable"})

AUDITOR = "deadline-clock-auditor"

COLUMNS = ["service", "ready", "trouble", "outbox", "overdue", "quarantine", "url"]


def status(json: AsJson = False, who: As = None) -> None:
    """Show whether each service and the auditor is ready, and what waits or stands still in it.

    Exits 1 when a service is not ready, 3 when none can be reached.
    """
    opened = door(who)
    rows = [standing(opened, service) for service in SERVICES]
    silent = all(row["ready"] in SILENT for row in rows)
    rows.append(auditor(opened))
    if json:
        as_json(rows)
    else:
        table(rows, COLUMNS)
    if silent:
        raise RefusedError(
            Exit.UNREACHABLE, "no service can be reached", "", "start the fleet: patchvigil up"
        )
    if any(row["ready"] != READY for row in rows):  # an auditor that does not run is no small thing
        raise typer.Exit(Exit.REFUSED)


def standing(opened: Door, service: str) -> dict[str, Any]:
    """Ask one service how it stands; whatever it lacks is told under `trouble`."""
    url = opened.urls.get(service)
    row: dict[str, Any] = {"service": service, "url": url, "ready": "not running", "trouble": ""}
    if url is None:
        return row
    try:
        answer = opened.client.get(f"{url}/health/ready", timeout=10)
        checks = dict(answer.json()["checks"])
    except httpx.TransportError as error:
        return row | {"ready": "unreachable", "trouble": str(error)}
    except (ValueError, KeyError, TypeError):
        return row | {"ready": "unreachable", "trouble": "what answers there is no such service"}
    trouble = [f"{name}: {said}" for name, said in checks.items() if said != "ok"]
    row["ready"] = READY if answer.is_success else "not ready"
    try:
        row["outbox"] = opened.get(service, "/v1/outbox")["pending"]
        row["overdue"] = opened.get(service, "/v1/timers")["overdue"]
        row["quarantine"] = sum(1 for _ in opened.items(service, "/v1/quarantine"))
    except RefusedError as error:
        trouble.append(str(error))
    return row | {"trouble": "; ".join(trouble)}


def auditor(opened: Door) -> dict[str, Any]:
    """Ask deadline-clock how its auditor stands; `trouble` says what a person has to mend."""
    row: dict[str, Any] = {
        "service": AUDITOR, "url": None, "ready": "unknown", "trouble": "",
        "outbox": None, "quarantine": None,
    }  # fmt: skip
    try:
        found = opened.get("deadline-clock", "/v1/auditor")
    except RefusedError as error:
        return row | {"trouble": f"deadline-clock does not say: {error}"}
    trouble = []
    if not found["runs"]:
        trouble.append(f"last seen {found['seen_at'] or 'never'}")
    elif not found["channels"]:
        trouble.append("it has no second path to raise on")
    if found["overdue"]:
        trouble.append(f"{found['overdue']} steps overdue without effect")
    if found["untold"]:
        trouble.append(f"{found['untold']} messages not taken: {found['error'] or 'being sent'}")
    return row | {
        "ready": READY if found["runs"] else "not running",
        "overdue": found["overdue"],
        "trouble": "; ".join(trouble),
    }


def reconcile(json: AsJson = False, who: As = None) -> None:
    """Recompute every join of every service; exits 1 where one differs from what is stored."""
    opened = door(who)
    found = [{"service": name, **opened.get(name, "/v1/reconcile")} for name in SERVICES]
    if json:
        as_json(found)
    else:
        rows = [{**each, "differences": len(each["differences"])} for each in found]
        table(rows, ["service", "differences"])
        for each in found:
            for difference in each["differences"]:
                err.print(f"{each['service']}: {difference}")
    if any(each["differences"] for each in found):
        raise typer.Exit(Exit.REFUSED)

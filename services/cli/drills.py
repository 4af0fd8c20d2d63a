"""Commands for drills: start, end, list, show, schedule."""

import time
from datetime import datetime
from typing import Annotated, Any

import typer

from services.cli.door import Door, door, part
from services.cli.lazy import group
from services.cli.printing import document, err, listing
from services.cli.words import As, AsJson

app = group("Exercises of the paging path, marked as such everywhere.")

COLUMNS = [
    "drill", "started_at", "started_by", "ended_at", "seconds_to_page", "seconds_to_acknowledge",
    "seconds_to_draft",
]  # fmt: skip
_LOOK = 0.5

Drill = Annotated[str, typer.Argument(metavar="DRILL", help="Id, from `drill ls`.")]


@app.command()
def start(
    minutes: Annotated[int, typer.Option(help="After how long it ends by itself.")] = 60,
    wait: Annotated[
        float, typer.Option(help="Wait so many seconds for page, answer and draft.")
    ] = 30.0,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Begin a drill: on-call is paged through the roster as for a real case, marked as a drill.

    A made case gets a real early-warning clock; it exists at deadline-clock and notification only,
    counts nowhere, and can be neither approved nor recorded as filed.
    """
    opened = door(who)
    made = opened.post("deadline-clock", "/v1/drills", {"minutes": minutes})
    err.print(f"{made['drill']} has begun; it ends by itself at {made['ends_at']}")
    last = time.monotonic() + wait
    found = measured(opened, made)
    while time.monotonic() < last and any(found[name] is None for name in COLUMNS[4:]):
        time.sleep(_LOOK)
        now = opened.get("deadline-clock", f"/v1/drills/{part(made['drill'])}")
        found = measured(opened, now)
    document(found, json_wanted=json)


@app.command()
def ls(json: AsJson = False, who: As = None) -> None:
    """List drills, the newest first, with how long page, answer and draft took."""
    opened = door(who)
    rows = (measured(opened, each) for each in opened.items("deadline-clock", "/v1/drills"))
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def show(drill: Drill, json: AsJson = False, who: As = None) -> None:
    """Show a drill: how long page, answer and draft took."""
    opened = door(who)
    found = opened.get("deadline-clock", f"/v1/drills/{part(drill)}")
    document(measured(opened, found), json_wanted=json)


@app.command()
def end(
    drill: Drill,
    because: Annotated[str, typer.Option(help="Why, for its history.")] = "it is over",
    json: AsJson = False,
    who: As = None,
) -> None:
    """End a drill before its time."""
    opened = door(who)
    path = f"/v1/drills/{part(drill)}/end"
    document(
        measured(opened, opened.post("deadline-clock", path, {"because": because})),
        json_wanted=json,
    )


@app.command()
def schedule(
    every_days: Annotated[
        int | None, typer.Option(help="Begin one so often; 0: no more. Without it: show.")
    ] = None,
    at: Annotated[str, typer.Option(help="Local time, such as 10:30.")] = "10:00",
    zone: Annotated[str, typer.Option(help="IANA zone of that time.")] = "UTC",
    minutes: Annotated[int, typer.Option(help="After how long each ends by itself.")] = 60,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Let drills begin by themselves, or show when they do."""
    opened = door(who)
    if every_days is None:
        found = opened.get("deadline-clock", "/v1/drill-schedule")
    else:
        body = {"every_days": every_days, "local_time": at, "zone": zone, "minutes": minutes}
        found = opened.post("deadline-clock", "/v1/drill-schedule", body)
    document(found or {"next_at": None}, json_wanted=json)


def measured(opened: Door, drill: dict[str, Any]) -> dict[str, Any]:
    """Add to a drill how many seconds its page, its answer and its draft took; None: not yet."""
    case, began = drill["drill"], datetime.fromisoformat(drill["started_at"])
    raised = list(opened.items("notification", "/v1/alerts", case=case))
    told = [
        each["delivered_at"]
        for alert in raised
        for each in alert["deliveries"]
        if each["delivered_at"] and each["purpose"] == "page"
    ]
    answered = [alert for alert in raised if alert["acknowledged_at"]]
    drafts = list(opened.items("notification", "/v1/drafts", case=case))
    first = min(answered, key=lambda each: str(each["acknowledged_at"]), default=None)
    return drill | {
        "seconds_to_page": _seconds(began, told),
        "seconds_to_acknowledge": _seconds(began, [each["acknowledged_at"] for each in answered]),
        "seconds_to_draft": _seconds(began, [each["prepared_at"] for each in drafts]),
        "acknowledged_by": first["acknowledged_by"] if first is not None else None,
        "undelivered": any(alert["undelivered"] for alert in raised),
        "alerts": [alert["alert"] for alert in raised],
        "drafts": [each["draft"] for each in drafts],
    }


def _seconds(began: datetime, instants: list[str]) -> float | None:
    if not instants:
        return None
    first = min(datetime.fromisoformat(each) for each in instants)
    return round((first - began).total_seconds(), 3)

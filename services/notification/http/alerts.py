"""Alerts over HTTP: what was told to whom, acknowledging it, and who is on call."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.kit import http
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page
from services.kit.pages import Key, foreign
from services.kit.unit import Unit
from services.notification import alerting
from services.notification.domain.alert import Content, Kind
from services.notification.domain.roster import Target
from services.notification.domain.turns import in_zone, on_call
from services.notification.roster_file import ON_CALL
from services.notification.store import alerts, deliveries
from services.notification.store.alerts import Alert
from services.notification.store.deliveries import Delivery

router = http.router("notification")

State = Literal["open", "exhausted", "acknowledged", "resolved"]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class DeliveryOut(_Out):
    """A message to one person and what became of it."""

    to: str
    channel: str
    purpose: str
    state: str
    attempts: int
    queued_at: datetime
    delivered_at: datetime | None
    undelivered_at: datetime | None
    receipt: str | None
    error: str | None


class AlertOut(_Out):
    """One escalation step of one clock, and who was told."""

    alert: str
    dedup_key: str
    clock: str
    case: str
    step: str
    kind: Kind
    state: str
    undelivered: bool
    raised_at: datetime
    turn_of: str | None
    chain: list[str]
    exhausted_at: datetime | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    because: str | None
    content: Content
    deliveries: list[DeliveryOut]


class PersonOut(_Out):
    """Somebody on call, without their addresses."""

    id: str
    name: str
    channels: list[str]


class TargetOut(_Out):
    """A target and whom it means now, in the order in which they are tried."""

    target: str
    need_ack_in_seconds: float
    local_time: str
    people: list[PersonOut]


class OnCallOut(_Out):
    """Who is on call at an instant. `fault` says what is wrong with the roster file now, if so."""

    at: datetime
    fault: str | None
    targets: list[TargetOut]


@router.get("/v1/alerts")
async def list_alerts(
    unit: CurrentUnit,
    case: Annotated[str | None, Query(description="Of one case only.")] = None,
    state: Annotated[State | None, Query(description="In one state only.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AlertOut]:
    """Alerts, in the order in which they were raised."""

    async def query(after: Key | None, most: int) -> list[AlertOut]:
        found = await alerts.page(unit.db, case, state, _after(after), most)
        return await _shown(unit, found)

    return await page(query, cursor, limit, lambda each: (each.raised_at, each.alert))


def _after(key: Key | None) -> tuple[datetime, str] | None:
    if key is None:
        return None
    at, name = key
    if not isinstance(at, datetime) or not isinstance(name, str):
        raise foreign()
    return at, name


async def _shown(unit: Unit, found: list[Alert]) -> list[AlertOut]:
    messages: dict[str, list[Delivery]] = {}
    for each in await deliveries.of_alerts(unit.db, [alert.alert for alert in found]):
        messages.setdefault(each.alert, []).append(each)
    return [_out(alert, messages.get(alert.alert, [])) for alert in found]


def _out(alert: Alert, messages: list[Delivery]) -> AlertOut:
    waiting = alert.state == "open" and alert.position < len(alert.chain)
    # That nobody answered is told to the platform's people: it reaches nobody who should answer.
    told = any(each.state == "delivered" and each.purpose != "exhausted" for each in messages)
    failing = any(each.undelivered_at is not None for each in messages)
    return AlertOut(
        alert=alert.alert,
        dedup_key=alert.dedup_key,
        clock=alert.clock,
        case=alert.case,
        step=alert.step,
        kind=alert.kind,
        state=alert.state,
        undelivered=not told and (failing or alert.exhausted_at is not None),
        raised_at=alert.raised_at,
        turn_of=alert.chain[alert.position].person if waiting else None,
        chain=[turn.person for turn in alert.chain],
        exhausted_at=alert.exhausted_at,
        acknowledged_by=alert.acknowledged_by,
        acknowledged_at=alert.acknowledged_at,
        resolved_at=alert.resolved_at,
        because=alert.because,
        content=alert.content,
        deliveries=[
            DeliveryOut(
                to=each.person, channel=each.channel, purpose=each.purpose, state=each.state,
                attempts=each.attempts, queued_at=each.created_at,
                delivered_at=each.delivered_at, undelivered_at=each.undelivered_at,
                receipt=each.receipt, error=each.error,
            )
            for each in messages
        ],
    )  # fmt: skip


def _missing(alert: str) -> Problem:
    return Problem(404, "Not Found", f"there is no alert {alert}", mend="list them: GET /v1/alerts")


@router.get("/v1/alerts/{alert}")
async def show_alert(alert: str, unit: CurrentUnit) -> AlertOut:
    """One alert with every message and what became of it."""
    found = await alerts.show(unit.db, alert)
    if found is None:
        raise _missing(alert)
    [shown] = await _shown(unit, [found])
    return shown


@router.post("/v1/alerts/{alert}/ack")
async def acknowledge_alert(alert: str, unit: CurrentUnit) -> AlertOut:
    """Acknowledge. It silences this alert until the clock's next step; the clock runs on."""
    actor = unit.require()
    if actor.kind != "person":
        raise Problem(
            403, "Forbidden", "only a person acknowledges", mend="act with a person's token",
            parameter="Authorization",
        )  # fmt: skip
    found = (await alerts.lock(unit.db, [alert])).get(alert)
    if found is None:
        raise _missing(alert)
    if found.state not in {"open", "exhausted"}:
        raise Problem(409, "Alert is not open", settled(found), mend="nothing: it needs no answer")
    await alerting.acknowledge(unit, found, actor.id, "http")
    unit.audit("alert.acknowledge", f"alert/{alert}", after={"through": "http"})
    again = await alerts.show(unit.db, alert)
    [shown] = await _shown(unit, [again] if again is not None else [])
    return shown


def settled(alert: Alert) -> str:
    """Why an alert needs no answer any more."""
    if alert.state == "acknowledged":
        return f"{alert.acknowledged_by} has acknowledged it"
    return alert.because or "it is resolved"


@router.get("/v1/oncall")
async def show_on_call(
    unit: CurrentUnit,
    at: Annotated[AwareDatetime | None, Query(description="An instant; now by default.")] = None,
) -> OnCallOut:
    """Who is on call, target by target, in the order in which they are tried."""
    held = ON_CALL.current()
    if held is None:
        raise Problem(
            503, "No roster", ON_CALL.fault or "no roster is in force",
            mend="mend the roster file; docs/on-call.md describes it",
        )  # fmt: skip
    when = at or unit.now

    def shown(target: Target) -> TargetOut:
        people = [held.roster.person(name) for name in on_call(target, when)]
        return TargetOut(
            target=target.id,
            need_ack_in_seconds=target.need_ack_in.total_seconds(),
            local_time=in_zone(when, target.zone),
            people=[
                PersonOut(
                    id=each.id,
                    name=each.name,
                    channels=[
                        c for c, v in (("webhook", each.webhook), ("email", each.email)) if v
                    ],
                )
                for each in people
                if each is not None
            ],
        )

    return OnCallOut(
        at=when, fault=ON_CALL.fault, targets=[shown(each) for each in held.roster.targets]
    )

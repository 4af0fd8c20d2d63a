"""One-use acknowledgement links: GET asks, POST answers, for whoever holds the link.

Mail scanners follow links, so that a GET changes nothing.
"""

import importlib.resources

from fastapi import Response

from services.kit import http
from services.kit.actors import Actor
from services.kit.http import CurrentUnit, Problem
from services.kit.unit import Unit
from services.notification import alerting
from services.notification.domain import ack_link, html
from services.notification.domain.ack_link import LinkError, Ticket
from services.notification.domain.html import AckPage
from services.notification.http.alerts import settled
from services.notification.roster_file import ON_CALL
from services.notification.store import alerts
from services.notification.store.alerts import Alert

router = http.router("notification", public=True, max_bytes=4096)

_OPEN = frozenset({"open", "exhausted"})
_TYPES = {"sheet.css": "text/css", "sheet.js": "text/javascript"}


def _page(page: AckPage, status: int = 200) -> Response:
    return Response(
        html.render_ack(page), status_code=status, media_type="text/html", headers=html.HEADERS
    )


async def _ticket(token: str, unit: Unit) -> Ticket | Response:
    on_call = ON_CALL.current()
    if on_call is None:
        return _page(AckPage("Not now", "the roster cannot be read: use POST /v1/alerts"), 503)
    try:
        return ack_link.read(token, on_call.ack_key, unit.now)
    except LinkError as error:
        return _page(AckPage("This link does not work", str(error)), 410)


@router.get("/ack/{token}", include_in_schema=True, response_class=Response)
async def ask(token: str, unit: CurrentUnit) -> Response:
    """Show what would be acknowledged; nothing changes."""
    ticket = await _ticket(token, unit)
    if isinstance(ticket, Response):
        return ticket
    alert = await alerts.show(unit.db, ticket.alert)
    used = await alerts.link_used(unit.db, ack_link.fingerprint(token))
    if done := _nothing_to_do(alert, used=used is not None):
        return done
    content = alert.content if alert is not None else None
    return _page(AckPage("Acknowledge this page?", "You answer for yourself.", content, ask=True))


@router.post("/ack/{token}", response_class=Response)
async def answer(token: str, unit: CurrentUnit) -> Response:
    """Acknowledge, once."""
    ticket = await _ticket(token, unit)
    if isinstance(ticket, Response):
        return ticket
    alert = (await alerts.lock(unit.db, [ticket.alert])).get(ticket.alert)
    mark = ack_link.fingerprint(token)
    used = await alerts.link_used(unit.db, mark) is not None
    if alert is None or used or alert.state not in _OPEN:
        return _nothing_to_do(alert, used=used) or _page(AckPage("Gone", "no such alert"), 410)
    await alerts.use_link(unit.db, mark, ticket.alert, unit.now)
    unit.actor = Actor(ticket.person, ticket.person, "person")
    await alerting.acknowledge(unit, alert, ticket.person, "link")
    unit.audit("alert.acknowledge", f"alert/{alert.alert}", after={"through": "link"})
    message = "You have acknowledged this page. The clock runs on."
    return _page(AckPage("Acknowledged", message, alert.content))


def _nothing_to_do(alert: Alert | None, *, used: bool) -> Response | None:
    if alert is None:
        return _page(AckPage("Gone", "this alert does not exist"), 410)
    if used:
        return _page(AckPage("Already used", "this link has been used; it works once"), 410)
    if alert.state not in _OPEN:
        return _page(AckPage("Nothing to do", settled(alert), alert.content), 409)
    return None


@router.get("/assets/{name}", response_class=Response, include_in_schema=False)
async def asset(name: str) -> Response:
    """The style and script that the pages use."""
    if name not in _TYPES:
        raise Problem(404, "Not Found", f"there is no asset {name}")
    file = importlib.resources.files("services.notification") / "assets" / name
    return Response(
        file.read_bytes(), media_type=_TYPES[name], headers={"x-content-type-options": "nosniff"}
    )

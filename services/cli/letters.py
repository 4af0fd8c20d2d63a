"""Commands for what people sent and received: filings, notices to customers, authorities' requests.

Nothing here is sent by Patchvigil: a person did, and records it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.printing import document, listing
from services.cli.refusal import Exit, Fault, RefusedError
from services.cli.words import As, AsJson, NoticeKind, OfCase

filing = group("What people handed to authorities.")
notice = group("What customers were told.")
request = group("What authorities asked for.")

FILINGS = [
    "filing", "case", "clock", "stage", "products", "receipt", "filed_by", "filed_at",
    "mismatches",
]  # fmt: skip
NOTICES = ["notice", "case", "product", "kind", "channel", "recipients", "sent_by", "sent_at"]
REQUESTS = ["request", "case", "authority", "rule", "due_at", "received_at", "recorded_by"]

ForCase = Annotated[str, typer.Option("--case", help="The case it is about.", metavar="CASE")]


@filing.command("ls")
def ls_filings(case: OfCase = None, json: AsJson = False, who: As = None) -> None:
    """List filings as they were recorded; `draft filed` records one."""
    rows = door(who).items("notification", "/v1/filings", case=case)
    listing(rows, FILINGS, json_wanted=json)


@notice.command()
def sent(
    case: ForCase,
    kind: Annotated[NoticeKind, typer.Option(help="What it was.")],
    channel: Annotated[str, typer.Option(help="How: mail, portal, letter.")],
    recipients: Annotated[int, typer.Option(min=0, help="How many customers.")],
    product: Annotated[str | None, typer.Option(help="The product, if it is one.")] = None,
    sent_at: Annotated[
        str | None, typer.Option(help="Instant with its zone, of the first; default: now.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Record that customers were told; a correction counts as initiated from then on."""
    body = {
        "case": case, "product": product, "kind": kind, "channel": channel,
        "recipients": recipients, "sent_at": sent_at or _now(),
    }  # fmt: skip
    _record(who, "/v1/notices", body, wanted=json)


@notice.command("ls")
def ls_notices(case: OfCase = None, json: AsJson = False, who: As = None) -> None:
    """List notices as they were recorded."""
    rows = door(who).items("notification", "/v1/notices", case=case)
    listing(rows, NOTICES, json_wanted=json)


@request.command()
def received(
    case: ForCase,
    authority: Annotated[str, typer.Option(help="Who asks.")],
    rule: Annotated[
        str | None, typer.Option(help="The rule it triggers, such as cra.intermediate.")
    ] = None,
    due_at: Annotated[
        str | None, typer.Option(help="Instant with its zone: when they want it, if they say so.")
    ] = None,
    received_at: Annotated[
        str | None, typer.Option(help="Instant with its zone; default: now.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Record what an authority asked for; the clock that follows starts from when you had it."""
    if rule is not None:
        _refuse_what_no_request_starts(rule, who)
    body = {
        "case": case, "authority": authority, "rule": rule, "due_at": due_at,
        "received_at": received_at or _now(),
    }  # fmt: skip
    _record(who, "/v1/requests", body, wanted=json)


@request.command("ls")
def ls_requests(case: OfCase = None, json: AsJson = False, who: As = None) -> None:
    """List requests as they were recorded."""
    rows = door(who).items("notification", "/v1/requests", case=case)
    listing(rows, REQUESTS, json_wanted=json)


def _refuse_what_no_request_starts(rule: str, who: str | None) -> None:
    """A request is recorded whatever it names; of a mistyped rule no clock would ever tell.

    Where nobody can say which rules there are, it is recorded as it was given.
    """
    opened = door(who)
    try:
        opened.get("deadline-clock", "/v1/due", rule=rule, anchor=_now())  # refuses a mistyped one
        packs = opened.get("deadline-clock", "/v1/packs")["items"]
        found = [opened.get("deadline-clock", f"/v1/packs/{part(each['id'])}") for each in packs]
    except RefusedError as error:
        if error.status is Exit.UNREACHABLE:
            return
        raise
    startable = [each["id"] for pack in found for each in pack["content"] if each.get("by_request")]
    if rule not in startable:
        fault = Fault(
            "--rule", f"no request starts a clock of {rule}",
            f"name one that is: {', '.join(startable)}; or leave it out",
        )  # fmt: skip
        raise RefusedError(Exit.REFUSED, "the request was not recorded", faults=[fault])


def _record(who: str | None, path: str, body: Mapping[str, Any], *, wanted: bool) -> None:
    given = {name: value for name, value in body.items() if value is not None}
    document(door(who).post("notification", path, given), json_wanted=wanted)


def _now() -> str:
    return datetime.now(UTC).isoformat()

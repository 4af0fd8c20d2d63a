"""Answers the calculator and shows packs, over HTTP and without a fleet alike."""

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Literal

from services.deadline_clock.domain.calendar_editions import edition
from services.deadline_clock.domain.counting import Asked, Counted, CountingError, counted
from services.deadline_clock.domain.escalation import Chain
from services.deadline_clock.domain.reasoning import basis
from services.deadline_clock.domain.rules import Pack, Rule, Status
from services.deadline_clock.domain.wiring import by_request, wired
from services.deadline_clock.library import Library, Origin
from services.deadline_clock.views import (
    BesideView,
    CalendarsView,
    ChainView,
    DueView,
    OpenPointView,
    PackDetail,
    PackView,
    RuleView,
)

_HEAD = (
    "id", "version", "kind", "title", "source", "source_date", "owner", "review_on", "sha256",
)  # fmt: skip
_PERIOD = ("unit", "calendar", "roll", "ends", "bound")


def due(name: str, asked: Asked, packs: Library) -> DueView:
    """Count a rule by its id.

    Raises:
        CountingError: there is no such rule, or what is asked does not fit it.
    """
    rule = packs.book.rule(name)
    if rule is None:
        near = get_close_matches(name, [each.id for each in packs.book])
        hint = f"is it {' or '.join(near)}? " if near else ""
        raise CountingError("rule", f"there is no rule {name}", f"{hint}`pack show` lists them")
    return _due(rule, counted(rule, asked, packs.book))


def facts(given: Iterable[str]) -> dict[str, datetime]:
    """Read facts, each NAME=INSTANT.

    Raises:
        CountingError: one is not of that form, is no instant, or has no zone.
    """
    return dict(_fact(each) for each in given)


def _fact(text: str) -> tuple[str, datetime]:
    name, _, instant = text.partition("=")
    mend = "write NAME=INSTANT with its zone, such as aware_at=2026-11-20T15:42:10Z"
    try:
        # A query string turns the plus of a zone into a space.
        at = datetime.fromisoformat(instant.strip().replace(" ", "+"))
    except ValueError as error:
        raise CountingError("fact", f"{text!r} holds no instant", mend) from error
    if at.tzinfo is None:
        raise CountingError("fact", f"{text!r} has no zone", mend)
    return name.strip(), at


def _due(rule: Rule, found: Counted) -> DueView:
    law = found.due if rule.limits else None
    return DueView(
        rule=rule.id,
        pack=rule.pack,
        anchor=found.anchor,
        runs_from=" of ".join(filter(None, (rule.anchor.value, rule.anchor_rule))),
        state=_state(found),
        due_operational=found.due.operational if found.due is not None else None,
        due_legal_outer=law.outer if law is not None else None,
        label=rule.label,
        kind=rule.kind,
        status=rule.status,
        basis=found.basis,
        authority=rule.authority,
        source=rule.source,
        confidence=rule.confidence,
        zone=found.zone,
        country=found.country,
        calendars=rule.period.edition if rule.period is not None else None,
        assumed=found.assumed,
        reasoning=found.reasoning,
        beside=tuple(BesideView.model_validate(each) for each in found.beside),
        open_points=tuple(OpenPointView.model_validate(each) for each in found.open_points),
    )


def _state(found: Counted) -> Literal["counted", "awaiting_anchor", "no_number"]:
    if found.anchor is None:
        return "awaiting_anchor"
    return "no_number" if found.due is None else "counted"


def packs(held: Library) -> list[PackView]:
    """Every pack, by its id."""
    views = [_pack(each, held) for each in held.book.packs]
    return sorted([*views, _escalation(held)], key=lambda each: each.id)


def pack(name: str, held: Library) -> PackDetail | None:
    """One pack with what it holds, or None where there is none of that id."""
    if name == held.escalation.about.id:
        chains = tuple(_chain(each) for each in held.escalation.chains)
        return PackDetail(**_escalation(held).model_dump(), chains=chains)
    found = held.book.pack(name)
    if found is None:
        return None
    return PackDetail(
        **_pack(found, held).model_dump(),
        content=tuple(rule_view(each) for each in found.rules),
        open_points=tuple(OpenPointView.model_validate(each) for each in found.open_points),
    )


def _pack(each: Pack, held: Library) -> PackView:
    days = edition(each.calendars)
    head = {name: getattr(each, name) for name in _HEAD}
    calendars = CalendarsView(edition=days.id, package=days.package, sha256=days.sha256)
    firing = sum(rule.fires for rule in each.rules)
    proposals = all(rule.status is Status.PROPOSED for rule in each.rules)
    return PackView(
        **head,
        basis="proposals, not law" if proposals else each.kind.value,
        rules=len(each.rules),
        firing=firing,
        calendars=calendars,
        **_origin(held, each.id),
    )


def _escalation(held: Library) -> PackView:
    about = held.escalation.about
    head = {name: getattr(about, name) for name in _HEAD}
    return PackView(
        **head, basis=about.kind.value, rules=0, firing=0, calendars=None,
        **_origin(held, about.id),
    )  # fmt: skip


def _origin(held: Library, name: str) -> dict[str, Any]:
    """Where a pack comes from, and who put it in force where people did."""
    origin = held.origins.get(name, Origin("packaged"))
    applied = origin.applied
    people = {} if applied is None else {
        "proposed_by": applied.proposed_by,
        "approved_by": applied.approved_by,
        "in_force_since": applied.since,
    }  # fmt: skip
    return {"origin": origin.place, "beneath": origin.beneath, **people}


def _chain(each: Chain) -> ChainView:
    return ChainView(
        id=each.id,
        kinds=each.kinds,
        unit=each.unit,
        up_to=each.up_to,
        initial_load=each.initial_load,
        steps=tuple(f"{step.at}: {step.severity.value} to {', '.join(step.targets)}"
                    for step in each.steps),
    )  # fmt: skip


def rule_view(rule: Rule) -> RuleView:
    """A rule with all that its pack says of it."""
    own = {"period", "started", "by_request", "basis", *_PERIOD}
    plain = {name: getattr(rule, name) for name in RuleView.model_fields if name not in own}
    period = rule.period
    counted_by = {name: getattr(period, name) if period else None for name in _PERIOD}
    return RuleView.model_validate(
        plain
        | counted_by
        | {
            "period": period.count if period else None,
            "conditions": {each.fact.value: each.values for each in rule.conditions},
            "platform_counter": (
                f"{rule.platform_counter.platform}: {rule.platform_counter.hours} h from the "
                f"filing of {rule.platform_counter.from_filing_of}"
                if rule.platform_counter
                else None
            ),
            "basis": basis(rule, None, national_known=False),
            "started": rule.fires and wired(rule) is not None,
            "by_request": by_request(rule),
        }
    )

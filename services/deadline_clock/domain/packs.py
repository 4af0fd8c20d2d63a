"""Reads packs from YAML against their JSON Schema; a fault names file, line, rule and mend."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from schemas.clocks import MetBy, RuleKind
from services.deadline_clock.domain.escalation import Escalation
from services.deadline_clock.domain.pack_document import Document, PackError, read, validate
from services.deadline_clock.domain.rules import (
    MAIN_ESTABLISHMENT,
    AnchorName,
    CalendarName,
    Confidence,
    Ends,
    Pack,
    Period,
    Regime,
    Roll,
    Rule,
    RuleBook,
    Status,
    Trigger,
    Unit,
)


def parse_rules(name: str, text: str, schema: str) -> Pack:
    """Read a pack of obligations.

    Raises:
        PackError: it is not YAML, does not fit the schema, or contradicts itself.
    """
    document = read(name, text)
    validate(document, schema)
    content = document.content
    reference = f"{content['id']}@{content['version']}"
    kind = RuleKind(content["kind"])
    _refuse_contradictions(document)
    return Pack(
        **_head(document),
        kind=kind,
        sha256=document.sha256,
        rules=tuple(_rule(raw, reference, kind) for raw in content["rules"]),
    )


def _head(document: Document) -> dict[str, Any]:
    content = document.content
    return {
        "id": content["id"],
        "version": content["version"],
        "title": content["title"],
        "source": content["source"],
        "owner": content["owner"],
        "source_date": _date(document, "source_date", content["source_date"]),
        "review_on": _date(document, "review_on", content["review_on"]),
    }


def _date(document: Document, field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        where = document.where([field])
        raise PackError(f"{where}: {field}: {text} is no day; write YYYY-MM-DD") from error


def _refuse_contradictions(document: Document) -> None:
    faults: list[str] = []
    seen: set[str] = set()
    zones = available_timezones()
    for position, raw in enumerate(document.content["rules"]):
        where = document.where(["rules", position])
        for field in ("applies_from", "applies_until"):
            if field in raw:
                _date(document, field, raw[field])
        if raw["id"] in seen:
            faults.append(f"{where}: the id is taken; each rule needs its own")
        seen.add(raw["id"])
        if raw["zone"] != MAIN_ESTABLISHMENT and raw["zone"] not in zones:
            faults.append(f"{where}: zone: {raw['zone']} is no IANA zone; try Europe/Brussels")
        if raw.get("applies_until", "9999-12-31") < raw.get("applies_from", "0001-01-01"):
            faults.append(f"{where}: applies_until is before applies_from; swap them")
        if raw.get("supersedes") == raw["id"]:
            faults.append(f"{where}: supersedes itself; name the rule it replaces")
    if faults:
        raise PackError("\n".join(faults))


def _rule(raw: Mapping[str, Any], pack: str, kind: RuleKind) -> Rule:
    return Rule(
        id=raw["id"],
        pack=pack,
        kind=kind,
        label=raw["label"],
        status=Status(raw["status"]),
        regime=Regime(raw["regime"]),
        role=raw["role"],
        trigger=Trigger(raw["trigger"]),
        anchor=AnchorName(raw["anchor"]),
        period=Period(
            raw["period"],
            Unit(raw["unit"]),
            CalendarName(raw["calendar"]),
            Roll(raw["roll"]),
            Ends(raw["ends"]),
        ),
        zone=raw["zone"],
        met_by=MetBy(raw["met_by"]),
        authority=raw["authority"],
        source=raw["source"],
        confidence=Confidence(raw["confidence"]),
        applies_from=date.fromisoformat(raw["applies_from"]) if "applies_from" in raw else None,
        applies_until=date.fromisoformat(raw["applies_until"]) if "applies_until" in raw else None,
        stage=raw.get("stage"),
        template=raw.get("template"),
        question=raw.get("question"),
        band=raw.get("band"),
        measure_kinds=tuple(raw.get("measure_kinds", ())),
        coverage_percent=float(raw.get("coverage_percent", 100)),
        content=tuple(raw.get("content", ())),
        supersedes=raw.get("supersedes"),
        notes=raw.get("notes", ""),
    )


def rule_book(packs: Iterable[Pack], escalation: Escalation) -> RuleBook:
    """Join packs; refuse rule ids that two share, and rules that no escalation chain fits.

    Raises:
        PackError: the packs do not go together.
    """
    book = RuleBook(tuple(packs))
    owners: dict[str, str] = {}
    for rule in book:
        if rule.id in owners:
            raise PackError(
                f"{rule.pack}: rule {rule.id} is also in {owners[rule.id]}; rename one of them"
            )
        owners[rule.id] = rule.pack
        for initial_load in (False, True):
            try:
                escalation.chain(rule, initial_load=initial_load)
            except LookupError as error:
                raise PackError(f"{escalation.reference}: {error}; add a chain for it") from error
    for rule in book:
        if rule.supersedes is not None and not re.match(r"^[\w.]+$", rule.supersedes):
            raise PackError(f"{rule.pack}: {rule.id} supersedes no rule id: {rule.supersedes}")
    return book

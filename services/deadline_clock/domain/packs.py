"""Reads packs from YAML against their JSON Schema; a fault names file, line, rule and mend."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from schemas.clocks import MetBy, RuleKind
from services.deadline_clock.domain.pack_checks import contradictions
from services.deadline_clock.domain.pack_document import Document, PackError, read, validate
from services.deadline_clock.domain.rules import (
    AnchorName,
    CalendarName,
    Condition,
    Confidence,
    Ends,
    OpenPoint,
    Pack,
    Period,
    PlatformCounter,
    Regime,
    Roll,
    Rule,
    Status,
    Trigger,
    Unit,
)
from services.deadline_clock.domain.terms import Bound, Fact


def parse_rules(name: str, text: str, schema: str) -> Pack:
    """Read a pack of obligations.

    Raises:
        PackError: it is not YAML, does not fit the schema, or contradicts itself.
    """
    document = read(name, text)
    validate(document, schema)
    faults = list(contradictions(document))
    if faults:
        raise PackError("\n".join(faults))
    return _pack(document)


def _pack(document: Document) -> Pack:
    content = document.content
    reference = f"{content['id']}@{content['version']}"
    kind = RuleKind(content["kind"])
    edition = content["calendars"]["edition"]
    return Pack(
        id=content["id"],
        version=content["version"],
        kind=kind,
        title=content["title"],
        source=content["source"],
        source_date=date.fromisoformat(content["source_date"]),
        owner=content["owner"],
        review_on=date.fromisoformat(content["review_on"]),
        sha256=document.sha256,
        rules=tuple(_rule(raw, reference, kind, edition) for raw in content["rules"]),
        calendars=edition,
        open_points=tuple(
            OpenPoint(raw["point"], raw["reading"], tuple(raw.get("rules", ())))
            for raw in content.get("open_points", ())
        ),
    )


def _rule(raw: Mapping[str, Any], pack: str, kind: RuleKind, edition: str) -> Rule:
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
        period=_period(raw, edition),
        zone=raw["zone"],
        met_by=MetBy(raw["met_by"]),
        authority=raw["authority"],
        source=raw["source"],
        confidence=Confidence(raw["confidence"]),
        applies_from=_day(raw.get("applies_from")),
        applies_until=_day(raw.get("applies_until")),
        stage=raw.get("stage"),
        template=raw.get("template"),
        question=raw.get("question"),
        band=raw.get("band"),
        measure_kinds=tuple(raw.get("measure_kinds", ())),
        coverage_percent=float(raw.get("coverage_percent", 100)),
        content=tuple(raw.get("content", ())),
        supersedes=raw.get("supersedes"),
        notes=raw.get("notes", ""),
        soft_limb=raw.get("soft_limb"),
        anchor_rule=raw.get("anchor_rule"),
        countries=tuple(raw.get("countries", ())),
        varies=raw.get("varies"),
        conditions=tuple(
            Condition(Fact(fact), tuple(values))
            for fact, values in raw.get("conditions", {}).items()
        ),
        platform_counter=_counter(raw.get("platform_counter")),
    )


def _period(raw: Mapping[str, Any], edition: str) -> Period | None:
    if "period" not in raw:
        return None
    return Period(
        raw["period"],
        Unit(raw["unit"]),
        CalendarName(raw["calendar"]),
        Roll(raw["roll"]),
        Ends(raw["ends"]),
        Bound(raw.get("bound", Bound.AT_MOST)),
        edition,
    )


def _counter(raw: Mapping[str, Any] | None) -> PlatformCounter | None:
    if raw is None:
        return None
    return PlatformCounter(raw["platform"], raw["hours"], raw["from_filing_of"])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text is not None else None

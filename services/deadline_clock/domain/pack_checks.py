"""What is wrong inside one pack that fits its JSON Schema: days, zones, dates, circles, names."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from schemas.templates import TEMPLATES
from services.deadline_clock.domain.calendar_editions import edition
from services.deadline_clock.domain.pack_document import Document
from services.deadline_clock.domain.terms import PLACES

_ALWAYS = "0001-01-01", "9999-12-31"

Raw = Mapping[str, Any]


def contradictions(document: Document) -> Iterator[str]:
    """Every contradiction of a pack that fits its schema, one line each, with its mend."""
    rules: Sequence[Raw] = document.content["rules"]
    yield from head_days(document)
    yield from _calendars(document)
    seen: set[str] = set()
    zones = _zones()
    for position, raw in enumerate(rules):
        where = document.where(["rules", position])
        if raw["id"] in seen:
            yield f"{where}: the id is taken; each rule needs its own"
        seen.add(raw["id"])
        yield from (f"{where}: {fault}" for fault in _rule(raw, zones))
    yield from _overlaps(document, rules)
    yield from _twice(document, rules)
    yield from _circles(document, rules)
    for position, raw in enumerate(document.content.get("open_points", ())):
        for unknown in sorted(set(raw.get("rules", ())) - seen):
            place = document.where(["open_points", position])
            yield f"{place}: rules: {unknown} is no rule of this pack; name one that is"


@cache
def _zones() -> frozenset[str]:
    """Every zone there is; asking walks folders, so it is asked once."""
    return frozenset(available_timezones())


def head_days(document: Document) -> Iterator[str]:
    """Days of a pack's head that there are not."""
    content = document.content
    for field in ("source_date", "review_on"):
        if not _is_day(content[field]):
            where = document.where([field])
            yield f"{where}: {field}: {content[field]} is no day; write YYYY-MM-DD"


def _calendars(document: Document) -> Iterator[str]:
    content = document.content
    where, named = document.where(["calendars"]), content["calendars"]
    try:
        found = edition(named["edition"])
    except LookupError as error:
        yield f"{where}: calendars: {error}; name one of them"
        return
    if found.sha256 != named["sha256"]:
        yield (
            f"{where}: calendars: edition {found.id} has the digest {found.sha256}, not the one "
            "given; holidays changed under the pack: restore the edition, or take a newer one"
        )


def _rule(raw: Raw, zones: frozenset[str]) -> Iterator[str]:
    days = {field: raw[field] for field in ("applies_from", "applies_until") if field in raw}
    for field, text in days.items():
        if not _is_day(text):
            yield f"{field}: {text} is no day; write YYYY-MM-DD"
    if raw["zone"] not in PLACES and raw["zone"] not in zones:
        yield f"zone: {raw['zone']} is no IANA zone; try Europe/Brussels"
    if days.get("applies_until", _ALWAYS[1]) < days.get("applies_from", _ALWAYS[0]):
        yield "applies_until is before applies_from; swap them"
    if raw.get("supersedes") == raw["id"]:
        yield "supersedes itself; name the rule it replaces"
    if raw.get("varies") == raw["id"]:
        yield "varies itself; name the rule that it stands beside"
    template = raw.get("template")
    if template is not None and template not in TEMPLATES:
        known = ", ".join(sorted(TEMPLATES))
        yield f"template: {template} is no template; take one of {known}, or leave it out"


def _overlaps(document: Document, rules: Sequence[Raw]) -> Iterator[str]:
    """A rule and the one that it supersedes must not apply on the same day."""
    by_id = {raw["id"]: raw for raw in rules}
    for position, raw in enumerate(rules):
        older = by_id.get(raw.get("supersedes", ""))
        if older is None or older is raw or "repealed" in {raw["status"], older["status"]}:
            continue
        if _begins(raw) <= _ends(older):
            yield (
                f"{document.where(['rules', position])}: applies_from: its dates overlap those of "
                f"{older['id']}, which it supersedes; end that one before {_begins(raw)} with "
                "applies_until"
            )


def _twice(document: Document, rules: Sequence[Raw]) -> Iterator[str]:
    """Two rules must not ask for the same filing stage of the same thing on the same day."""
    asked: dict[str, list[Raw]] = {}
    for position, raw in enumerate(rules):
        if "stage" not in raw or raw["status"] == "repealed":
            continue
        same = ("regime", "role", "trigger", "stage", "countries", "conditions")
        others = asked.setdefault(str([raw.get(field) for field in same]), [])
        for other in others:
            if _begins(raw) <= _ends(other) and _begins(other) <= _ends(raw):
                yield (
                    f"{document.where(['rules', position])}: its dates overlap those of "
                    f"{other['id']}, which asks for the same stage; let one end before the other "
                    "begins, or give them conditions"
                )
        others.append(raw)


def _begins(raw: Raw) -> str:
    return str(raw.get("applies_from", _ALWAYS[0]))


def _ends(raw: Raw) -> str:
    return str(raw.get("applies_until", _ALWAYS[1]))


def _circles(document: Document, rules: Sequence[Raw]) -> Iterator[str]:
    """Periods that run from each other's filings never begin."""
    runs_from = {raw["id"]: raw["anchor_rule"] for raw in rules if "anchor_rule" in raw}
    for position, raw in enumerate(rules):
        path, each = [raw["id"]], runs_from.get(raw["id"])
        while each is not None and each not in path:
            path.append(each)
            each = runs_from.get(each)
        if each == raw["id"]:
            yield (
                f"{document.where(['rules', position])}: anchor_rule: {' waits for '.join(path)} "
                f"waits for {each}, a circle that no filing begins; anchor one of them elsewhere"
            )


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

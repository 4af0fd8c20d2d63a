"""Counts a rule from an anchor without any case: both deadlines, on what basis, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.deadline_clock.domain.anchoring import KNOWN, Anchored, anchored
from services.deadline_clock.domain.arithmetic import (
    Deadline,
    deadline,
    with_two_working_days,
)
from services.deadline_clock.domain.calendars import (
    BRUSSELS,
    COUNTRIES,
    MEMBER_STATES,
    ZONES,
    calendar,
    zone,
)
from services.deadline_clock.domain.places import Place
from services.deadline_clock.domain.reasoning import basis, instant, steps
from services.deadline_clock.domain.rules import OpenPoint, Rule, RuleBook, Status
from services.deadline_clock.domain.terms import PLACES, AnchorName, Unit

_YEARS = range(1950, 2200)
"""Years in which a deadline may begin: beyond, calendars themselves come to an end."""

_UNDECIDED = "no country given: Brussels time, no public holidays"


class CountingError(ValueError):
    """A question that cannot be counted: `field` names what is wrong, `mend` what to do."""

    def __init__(self, field: str, reason: str, mend: str) -> None:
        self.field = field
        self.reason = reason
        self.mend = mend
        super().__init__(f"{field}: {reason}; {mend}")


@dataclass(frozen=True, slots=True)
class Asked:
    """From when a rule is counted, and where: its anchor, or facts from which the rule chooses."""

    anchor: datetime | None = None
    country: str | None = None
    zone: str | None = None
    facts: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def filed_at(self) -> datetime | None:
        """When the filing stage before was filed, as far as it is known."""
        return self.facts.get(AnchorName.FILED_AT)


@dataclass(frozen=True, slots=True)
class Beside:
    """Something else that may be counted for the same duty: shown, and never instead of it."""

    rule: str
    basis: str
    due: datetime | None
    compared: str
    words: str


@dataclass(frozen=True, slots=True)
class Counted:
    """The answer. `anchor` is None while the rule waits for it, `due` also without a number."""

    anchor: datetime | None
    due: Deadline | None
    zone: str
    country: str | None
    basis: str
    assumed: tuple[str, ...]
    reasoning: tuple[str, ...]
    beside: tuple[Beside, ...]
    open_points: tuple[OpenPoint, ...]


def counted(rule: Rule, asked: Asked, book: RuleBook) -> Counted:
    """Count a rule's period.

    Raises:
        CountingError: the country, the zone or a fact does not fit the rule.
    """
    where = _place(rule, asked)
    chosen = _chosen(rule, asked)
    anchor = chosen.at if chosen is not None else None
    due = _due(rule, anchor, where)
    known = bool(_nationals(rule, where, book))
    stated = basis(rule, where.country, national_known=known)
    return Counted(
        anchor=anchor,
        due=due,
        zone=where.zone,
        country=where.country,
        basis=stated,
        assumed=where.assumed,
        reasoning=tuple(steps(rule, chosen, where, due, stated)),
        beside=(*_national(rule, asked, where, due, book), *_argued(rule, anchor, where, due),
                *_platform(rule, asked, due)),
        open_points=book.open_points(rule),
    )  # fmt: skip


def _chosen(rule: Rule, asked: Asked) -> Anchored | None:
    for name in asked.facts:
        if name not in KNOWN:
            mend = f"take one of {', '.join(sorted(KNOWN))}"
            raise CountingError("fact", f"there is no fact {name}", mend)
    for name, at in {"anchor": asked.anchor, **asked.facts}.items():
        if at is not None and at.year not in _YEARS:
            years = f"{_YEARS.start} to {_YEARS.stop - 1}"
            raise CountingError(
                name, f"the year {at.year} is no year of these laws", f"take {years}"
            )
    if asked.anchor is not None:
        return Anchored(asked.anchor)
    if not asked.facts:
        reason = "there is nothing to count from"
        raise CountingError("anchor", reason, f"give the anchor, or facts such as {rule.anchor}")
    return anchored(rule, asked.facts)


def _due(rule: Rule, anchor: datetime | None, where: Place) -> Deadline | None:
    if rule.period is None or anchor is None:
        return None
    days = calendar(rule.period.calendar, where.country, rule.period.edition)
    return deadline(anchor, rule.period, zone(where.zone), days)


def _place(rule: Rule, asked: Asked) -> Place:
    country, named = asked.country, asked.zone
    if named is not None:
        _refuse_unknown_zone(named)
    if rule.zone not in PLACES:
        return _fixed(rule, country, named)
    if country is not None and country not in MEMBER_STATES:
        reason = f"{country} is no Member State"
        raise CountingError("country", reason, "give its ISO code, such as DE")
    if named is not None:
        return Place(country or COUNTRIES.get(named), named)
    if country is not None:
        return Place(country, ZONES[country])
    if rule.period is None or rule.period.unit is Unit.HOUR:
        return Place(None, BRUSSELS)
    return Place(None, BRUSSELS, (_UNDECIDED,))


def _fixed(rule: Rule, country: str | None, named: str | None) -> Place:
    """The place of a rule that names its own zone; what is given must agree with it."""
    if named is not None and named != rule.zone:
        reason = f"{rule.id} is counted in {rule.zone}"
        raise CountingError("zone", reason, "leave the zone out")
    if rule.countries and country is not None and country not in rule.countries:
        reason = f"{rule.id} is a rule of {', '.join(rule.countries)}, not of {country}"
        raise CountingError("country", reason, "leave the country out, or count another rule")
    return Place(rule.countries[0] if rule.countries else None, rule.zone)


def _refuse_unknown_zone(name: str) -> None:
    try:
        zone(name)
    except (KeyError, ValueError, OSError) as error:
        raise CountingError(
            "zone",
            f"there is no time zone {name!r}",
            "write it as IANA does, such as Europe/Berlin",
        ) from error


def _nationals(rule: Rule, where: Place, book: RuleBook) -> list[Rule]:
    return [each for each in book.variations(rule) if where.country in each.countries]


def _national(
    rule: Rule, asked: Asked, where: Place, due: Deadline | None, book: RuleBook
) -> list[Beside]:
    """What the country itself says, earlier or later beside the rule of the Union."""
    return [_compared(each, asked, due) for each in _nationals(rule, where, book)]


def _compared(national: Rule, asked: Asked, due: Deadline | None) -> Beside:
    chosen = anchored(national, asked.facts)
    anchor = chosen.at if chosen is not None else asked.anchor
    if national.anchor is AnchorName.FILED_AT:
        anchor = asked.filed_at
    told = f"{national.label} ({national.authority}, {national.confidence.value})"
    stated = basis(national, national.countries[0], national_known=False)
    where = Place(national.countries[0], national.zone)
    found = None if anchor is None else _due(national, anchor, where)
    if found is None or due is None:
        waits = f"{national.period_words} from the filing of {national.anchor_rule}: not given"
        return Beside(national.id, stated, None, "unknown", f"{told}: {waits}")
    at = found.operational
    compared = _order(at, due.operational)
    return Beside(national.id, stated, at, compared, f"{told}: {instant(at)}, {compared}")


def _order(one: datetime, other: datetime) -> str:
    if one == other:
        return "same"
    return "earlier" if one < other else "later"


def _argued(
    rule: Rule, anchor: datetime | None, where: Place, due: Deadline | None
) -> list[Beside]:
    if rule.period is None or anchor is None or due is None:
        return []
    days = calendar(rule.period.calendar, where.country, rule.period.edition)
    at = with_two_working_days(anchor, rule.period, zone(where.zone), days)
    if at is None:
        return []
    name = "Regulation 1182/71 Article 3(5)"
    words = f"two working days within the period ({name}): {instant(at)}, not relied on"
    return [Beside(rule.id, f"argument from {name}", at, _order(at, due.outer), words)]


def _platform(rule: Rule, asked: Asked, due: Deadline | None) -> list[Beside]:
    """What the reporting platform will show, which is not the law."""
    counter = rule.platform_counter
    if counter is None or due is None or rule.status is Status.PROPOSED:
        return []
    name = f"{counter.platform}'s own counter, not law"
    told = f"{counter.hours} h from the filing of {counter.from_filing_of}"
    if asked.filed_at is None:
        return [Beside(rule.id, name, None, "unknown", f"{name}: {told}: not given")]
    at = asked.filed_at + timedelta(hours=counter.hours)
    compared = _order(at, due.operational)
    return [Beside(rule.id, name, at, compared, f"{name}: {told}: {instant(at)}, {compared}")]

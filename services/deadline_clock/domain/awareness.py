"""The awareness ledger: who could have known what, when, and what that means under each regime.

Awareness is one instant per regime and entity. Under the CRA and NIS2 it is reasonable certainty
after a prompt assessment (Commission guidance paragraphs 211 to 214, not binding); under MDR, IVDR
and 21 CFR 803 it is first receipt. It is read from the clocks of each regime alone: an instant that
is set for one regime says nothing of another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.clocks import Anchor, Clock
from services.deadline_clock.domain.change import Held
from services.deadline_clock.domain.facts import Assessment, CaseFacts, Surroundings
from services.deadline_clock.domain.rules import AnchorName, RuleBook

_RECEIPT = "first receipt by any employee or representative, whether assessed or not"
_CERTAINTY = "reasonable certainty after a prompt first assessment, not detection"
_AWARE = {
    "cra": _CERTAINTY,
    "nis2": _CERTAINTY,
    "eu_mdr": _RECEIPT,
    "eu_ivdr": _RECEIPT,
    "us_803": _RECEIPT,
}
"""When one is aware, by regime."""


@dataclass(frozen=True, slots=True)
class Known:
    """Something that somebody knew, or could have: from when, on what evidence, known to whom.

    `corrected` marks an answer that a later one replaced: both are kept.
    """

    at: datetime
    product: str
    entity: str | None
    what: str
    who: str
    evidence: str
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Aware:
    """Awareness of one entity under one regime, or that nobody has set it.

    `former` are instants that were set before, each with who set it.
    """

    regime: str
    test: str
    product: str
    entity: str | None
    anchor: Anchor | None
    words: str
    former: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was known in the order of time, and awareness by regime."""

    known: tuple[Known, ...]
    aware: tuple[Aware, ...]


def ledger(
    facts: CaseFacts, surroundings: Surroundings, clocks: Sequence[Held], book: RuleBook
) -> Ledger:
    """Argue from a case's facts and clocks who was aware of what, when."""
    known = sorted(_known(facts, surroundings), key=lambda each: (each.at, each.product, each.what))
    aware = [
        _aware(regime, product, facts, surroundings, clocks, book)
        for product in facts.products()
        for regime in _AWARE
    ]
    return Ledger(tuple(known), tuple(aware))


def _known(facts: CaseFacts, surroundings: Surroundings) -> Iterable[Known]:
    for signal in facts.signals:
        maker = _maker(signal.product, surroundings)
        if signal.reported_at is not None:
            yield Known(
                signal.reported_at, signal.product, maker, f"{signal.source} was dated",
                signal.reporter, signal.signal,
            )  # fmt: skip
        yield Known(
            signal.held_at, signal.product, maker,
            "the signal and a finding for this product were both held", "patchvigil",
            f"{signal.source} {signal.signal} by {signal.reporter}",
        )  # fmt: skip
    yield from _received(facts, surroundings)
    for each in facts.assessments:
        yield _assessed(each, surroundings, corrected=False)
    for each in facts.corrected:
        yield _assessed(each, surroundings, corrected=True)


def _received(facts: CaseFacts, surroundings: Surroundings) -> Iterable[Known]:
    """What customers and devices told, from its first receipt, and what people answered to it."""
    for report in facts.reports:
        product = report.product or ""
        yield Known(
            report.received_at, product, _maker(product, surroundings),
            "a report was first received", "patchvigil", f"report {report.report}: {report.title}",
        )  # fmt: skip
    for event in facts.safety_events:
        yield Known(
            event.received_at, event.product, _maker(event.product, surroundings),
            "a device's safety event was received", "patchvigil", f"safety event {event.event}",
        )  # fmt: skip
    for answer in facts.incident_answers:
        said = "reportable" if answer.reportable else "not reportable"
        at = f", aware at {answer.aware_at.isoformat()}" if answer.aware_at is not None else ""
        yield Known(
            answer.assessed_at, answer.product, _maker(answer.product, surroundings),
            f"answered as {said} under {answer.regime}{at}", answer.assessed_by, answer.ground,
        )  # fmt: skip


def _assessed(each: Assessment, surroundings: Surroundings, *, corrected: bool) -> Known:
    if each.aware_at is not None:
        what = f"assessed as exploited, aware at {each.aware_at.isoformat()}"
    else:
        what = "assessed as not exploited in this product"
    return Known(
        each.assessed_at, each.product, _maker(each.product, surroundings), what,
        each.assessed_by, ", ".join(each.evidence) or each.ground, corrected,
    )  # fmt: skip


def _maker(product: str, surroundings: Surroundings) -> str | None:
    found = surroundings.products.get(product)
    return found.entity if found is not None else None


def _aware(
    regime: str,
    product: str,
    facts: CaseFacts,
    surroundings: Surroundings,
    clocks: Sequence[Held],
    book: RuleBook,
) -> Aware:
    maker = _maker(product, surroundings)
    set_by = [
        anchor
        for each in clocks
        if _regime(each.clock, book) == regime
        and (each.clock.product == product or _of_entity(each.clock, maker))
        and (anchor := each.clock.anchor) is not None
        and anchor.name == AnchorName.AWARE_AT
    ]
    anchor = min(set_by, key=lambda each: each.at, default=None)
    if anchor is None:
        words = f"nobody has set awareness under this regime; it is {_AWARE[regime]}"
    else:
        words = f"aware since {anchor.at.isoformat()}, set by {anchor.set_by}: {anchor.evidence}"
    return Aware(
        regime, _AWARE[regime], product, maker, anchor, words,
        _former(product, facts) if regime == "cra" else (),
    )  # fmt: skip


def _of_entity(clock: Clock, maker: str | None) -> bool:
    """Whether it is an entity's own clock (NIS2), of this entity."""
    return not clock.product and maker is not None and clock.entity == maker


def _regime(clock: Clock, book: RuleBook) -> str | None:
    rule = book.rule(clock.rule)
    return rule.regime.value if rule is not None else None


def _former(product: str, facts: CaseFacts) -> tuple[str, ...]:
    return tuple(
        f"{each.aware_at.isoformat() if each.aware_at else 'not exploited'}, "
        f"by {each.assessed_by} on {each.assessed_at.isoformat()}"
        for each in facts.corrected
        if each.product == product
    )

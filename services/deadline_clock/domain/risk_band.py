"""The company's own timelines, never law: a risk band asks for a mitigation, a fix, coverage."""

from datetime import datetime

from schemas.clocks import Anchor, ClockState, MetBy
from services.deadline_clock.domain.facts import MeasureState, Risk
from services.deadline_clock.domain.rules import AnchorName
from services.deadline_clock.domain.standing import Met, Question, Standing


def standings(question: Question) -> tuple[Standing, ...]:
    """How a rule of a band stands; nothing where the product was never given a band."""
    found = _standing(question)
    return () if found is None else (found,)


def _standing(question: Question) -> Standing | None:
    risk = question.facts.risk(question.product)
    if risk is None:
        return None
    if question.rule.band is not None and risk.band != question.rule.band:
        return _ended(ClockState.SUPERSEDED, f"the risk band is {risk.band}: {risk.ground}", risk)
    closure = question.facts.closure
    if closure is not None:
        because = f"the case was closed: {closure.ground}"
        return _ended(ClockState.NOT_APPLICABLE, because, risk, closure.closed_by)
    if not question.facts.bears_on(question.product):
        because = "the case bears on no version of the product any more"
        return _ended(ClockState.NOT_APPLICABLE, because, risk)
    return _open(question, risk)


def _ended(state: ClockState, because: str, risk: Risk, decided_by: str | None = None) -> Standing:
    return Standing(
        state=state,
        because=because,
        announced=False,
        decided_by=decided_by or risk.assessed_by,
        reopen_trigger="the risk band or the scope of the case changes",
    )


def _open(question: Question, risk: Risk) -> Standing | None:
    anchor = _anchor(question, risk)
    if anchor is None:
        return None
    met = _met(question)
    by = risk.assessed_by or "rule"
    return Standing(
        state=ClockState.PROVISIONAL if risk.proposed else ClockState.RUNNING,
        because=f"risk band {risk.band}, {'proposed' if risk.proposed else 'set'} by {by}",
        anchor=anchor,
        # What was there before the clock began asks nobody for anything.
        announced=met is None or met.at > anchor.at,
        decided_by=risk.assessed_by,
        met=met,
    )


def _anchor(question: Question, risk: Risk) -> Anchor | None:
    if question.rule.anchor is AnchorName.MEASURE_AVAILABLE_AT:
        first = _first_available(question)
        if first is None:
            return None
        measure, at = first
        return Anchor(
            name="measure_available_at",
            at=at,
            set_by="triage",
            set_at=at,
            evidence=f"{measure.kind} {measure.measure}",
        )
    return Anchor(
        name="assessed_at",
        at=risk.since,
        set_by=risk.assessed_by or "triage",
        set_at=risk.assessed_at,
        evidence=risk.ground,
    )


def _met(question: Question) -> Met | None:
    if question.rule.met_by is MetBy.COVERAGE:
        coverage = question.surroundings.coverage.get(question.product)
        if coverage is None or coverage.percent < question.rule.coverage_percent:
            return None
        share = f"{coverage.percent:.1f} % of {coverage.total} devices verified"
        return Met(coverage.counted_at, share)
    return fixed(question)


def fixed(question: Question) -> Met | None:
    """By what a rule is met that asks for a measure: the first that users can have."""
    first = _first_available(question)
    return None if first is None else Met(first[1], f"{first[0].kind} {first[0].measure} available")


def _first_available(question: Question) -> tuple[MeasureState, datetime] | None:
    """The first measure of the kinds the rule names that users can have."""
    kinds = question.rule.measure_kinds
    found = [
        (each, each.available_at)
        for each in question.facts.measures_of(question.product)
        if each.available_at is not None and (not kinds or each.kind in kinds)
    ]
    return min(found, key=lambda pair: (pair[1], pair[0].measure), default=None)

"""Two merged cases are the union of their facts, the stricter side first."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import TypeVar

from services.deadline_clock.domain.acts import (
    Filing,
    Initiation,
    Notice,
    Pathway,
    Request,
    SbomDuty,
    SbomReview,
)
from services.deadline_clock.domain.facts import (
    Assessment,
    CaseFacts,
    Decision,
    MeasureState,
    Risk,
    Scope,
    Signal,
)
from services.deadline_clock.domain.happenings import IncidentAnswer, Report, SafetyEvent

T = TypeVar("T")


def merged(survivor: CaseFacts, absorbed: CaseFacts) -> CaseFacts:
    """The survivor with everything the absorbed case held.

    Where both were assessed, exploitation and the earlier awareness stand until a person says
    otherwise; of risk bands and other single answers the later one stands.
    """
    standing = _strictest(survivor.assessments + absorbed.assessments)
    return replace(
        survivor,
        absorbed=(*survivor.absorbed, absorbed.case, *absorbed.absorbed),
        scope=_scope_of_both(survivor, absorbed),
        signals=earliest((*survivor.signals, *absorbed.signals)),
        assessments=standing,
        corrected=_corrected(survivor, absorbed, standing),
        risks=_latest(survivor.risks + absorbed.risks),
        decisions=_union(absorbed.decisions, survivor.decisions, decision_id),
        measures=_union(absorbed.measures, survivor.measures, measure_id),
        initiations=_union(absorbed.initiations, survivor.initiations, initiation_id),
        filings=_union(absorbed.filings, survivor.filings, filing_id),
        reports=_union(absorbed.reports, survivor.reports, report_id),
        safety_events=_union(absorbed.safety_events, survivor.safety_events, safety_id),
        incident_answers=_union(absorbed.incident_answers, survivor.incident_answers, answer_id),
        notices=_union(absorbed.notices, survivor.notices, notice_id),
        requests=_union(absorbed.requests, survivor.requests, request_id),
        pathways=_union(absorbed.pathways, survivor.pathways, pathway_id),
    )


def separated(origin: CaseFacts, separate: CaseFacts) -> CaseFacts:
    """A case that was split from another, with what people said and filed while both were one.

    So a running clock runs on in both from the same anchor, until a person says otherwise.
    """
    return replace(
        separate,
        inherited=_strictest((*separate.inherited, *origin.assessments, *origin.inherited)),
        decisions=_union(origin.decisions, separate.decisions, decision_id),
        filings=_union(origin.filings, separate.filings, filing_id),
        notices=_union(origin.notices, separate.notices, notice_id),
        incident_answers=_union(origin.incident_answers, separate.incident_answers, answer_id),
    )


def earliest(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """One of each evidence and product: the one that was held first, so that nobody gains hours."""
    first: dict[Hashable, Signal] = {}
    for each in signals:
        before = first.get(signal_id(each))
        if before is None or each.held_at < before.held_at:
            first[signal_id(each)] = each
    return tuple(first.values())


def _union(first: Iterable[T], second: Iterable[T], key: Callable[[T], Hashable]) -> tuple[T, ...]:
    """Both, one of each key; the second's state counts."""
    return tuple({key(each): each for each in (*first, *second)}.values())


def _scope_of_both(survivor: CaseFacts, absorbed: CaseFacts) -> tuple[Scope, ...]:
    found: dict[str, Scope] = {}
    for each in (*survivor.scope, *absorbed.scope):
        before = found.get(each.product, each)
        held = [at for at in (before.held_at, each.held_at) if at is not None]
        bears = before.bears or each.bears
        found[each.product] = Scope(each.product, bears, min(held, default=None))
    return tuple(found[product] for product in sorted(found))


def _strictest(assessments: tuple[Assessment, ...]) -> tuple[Assessment, ...]:
    standing: dict[str, Assessment] = {}
    for each in assessments:
        before = standing.get(each.product)
        if before is None or _rank(each) < _rank(before):
            standing[each.product] = each
    return tuple(standing.values())


def _corrected(
    survivor: CaseFacts, absorbed: CaseFacts, standing: tuple[Assessment, ...]
) -> tuple[Assessment, ...]:
    """Every assessment that does not stand, by time: none is forgotten."""
    every = (
        *survivor.corrected, *absorbed.corrected, *survivor.assessments, *absorbed.assessments
    )  # fmt: skip
    replaced = dict.fromkeys(each for each in every if each not in standing)
    return tuple(sorted(replaced, key=lambda each: each.assessed_at))


def _rank(assessment: Assessment) -> tuple[bool, float]:
    """Exploited before not; the earliest awareness first, the latest denial first."""
    if assessment.aware_at is not None:
        return (False, assessment.aware_at.timestamp())
    return (True, -assessment.assessed_at.timestamp())


def _latest(risks: tuple[Risk, ...]) -> tuple[Risk, ...]:
    standing: dict[str, Risk] = {}
    for each in risks:
        before = standing.get(each.product)
        if before is None:
            standing[each.product] = each
            continue
        later = max(before, each, key=lambda risk: (risk.assessed_at, not risk.proposed))
        same = before.band == each.band
        since = min(before.since, each.since) if same else later.since
        standing[each.product] = replace(later, since=since)
    return tuple(standing.values())


def product_id(item: Assessment | Risk) -> Hashable:
    """The product: one standing answer each."""
    return item.product


def signal_id(item: Signal) -> Hashable:
    """The evidence and the product."""
    return (item.signal, item.product)


def decision_id(item: Decision) -> Hashable:
    """The record."""
    return item.decision


def measure_id(item: MeasureState) -> Hashable:
    """The measure."""
    return item.measure


def initiation_id(item: Initiation) -> Hashable:
    """The act and its product."""
    return (item.what, item.id, item.product)


def filing_id(item: Filing) -> Hashable:
    """The record."""
    return item.filing


def report_id(item: Report) -> Hashable:
    """The report."""
    return item.report


def safety_id(item: SafetyEvent) -> Hashable:
    """The event."""
    return item.event


def answer_id(item: IncidentAnswer) -> Hashable:
    """Each answer stays: a later one never hides what was answered before."""
    return (item.regime, item.product, item.report, item.assessed_at)


def notice_id(item: Notice) -> Hashable:
    """The notice."""
    return item.notice


def request_id(item: Request) -> Hashable:
    """The request."""
    return item.request


def pathway_id(item: Pathway) -> Hashable:
    """The change in one product: its last signed route counts."""
    return (item.measure, item.product)


def duty_id(item: SbomDuty) -> Hashable:
    """The duty."""
    return item.duty


def review_id(item: SbomReview) -> Hashable:
    """The review."""
    return item.review

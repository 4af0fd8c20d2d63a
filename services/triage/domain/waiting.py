"""Decisions that wait for a person: which questions the facts of a case open, and since when."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.cases import ExploitationVerdict, ScopeItem, ScopeStatus
from services.triage.domain.packs import DecisionQuestions, Fact, Question
from services.triage.domain.products import standing_facts
from services.triage.domain.record import CaseRecord, Decided, Met
from services.triage.domain.scope import bears

ASSESS = "exploitation.assess"
BAND = "risk.confirm"
PATHWAY = "pathway.sign"
APPROVE = "measure.approve"

Instants = Mapping[Fact, tuple[datetime, ...]]
"""When each fact arose, oldest first; a standing fact arose with the case."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question without an answer. `blocks` says whether the case cannot close before it."""

    question: str
    title: str
    product: str | None
    roles: tuple[str, ...]
    outcomes: tuple[str, ...]
    source: str
    since: datetime
    because: str
    blocks: bool = True


def waiting(record: CaseRecord, pack: DecisionQuestions) -> tuple[Waiting, ...]:
    """List what waits, the longest first."""
    found = [*_assessments(record), *_bands(record), *_measures(record)]
    for product in sorted(concerned(record)):
        instants = instants_of(record, product)
        asked = (_asked(question, product, instants, record) for question in pack.questions)
        found += [each for each in asked if each is not None]
    return tuple(sorted(found, key=lambda each: (each.since, each.question, each.product or "")))


def concerned(record: CaseRecord) -> set[str]:
    """Products that are or may be affected, or in which something was seen."""
    seen = {each.product for each in record.safety_events}
    seen |= {each.product for each in record.reports if each.incident and each.product}
    return seen | {item.product for item in open_items(record)}


def open_items(record: CaseRecord) -> tuple[ScopeItem, ...]:
    """Product versions that are affected, or unknown while no person has settled that."""
    settled = {
        each.product
        for each in _latest(record, "scope.unknown").values()
        if each.outcome == "not_affected" and each.product is not None
    }
    return tuple(
        item
        for item in record.items
        if bears(item) and not (item.status is ScopeStatus.UNKNOWN and item.product in settled)
    )


def instants_of(record: CaseRecord, product: str) -> Instants:
    """When each fact of a case and one of its products arose."""
    found: dict[Fact, list[datetime]] = defaultdict(list)
    for standing in standing_facts(record.products.get(product)):
        found[standing].append(record.opened_at)
    for fact, at in _arisen(record, product):
        found[fact].append(at)
    return {fact: tuple(sorted(instants)) for fact, instants in found.items()}


def _arisen(record: CaseRecord, product: str) -> Iterator[tuple[Fact, datetime]]:
    for item in record.items:
        if item.product == product and bears(item):
            yield from _of_item(item)
    yield from ((Fact.SIGNALLED, each.met_at) for each in record.met if each.product == product)
    last = max(
        (each for each in record.assessed if each.product == product),
        key=lambda each: each.assessed_at,
        default=None,
    )
    if last is not None and last.verdict is ExploitationVerdict.EXPLOITED:
        yield Fact.EXPLOITED, last.assessed_at
    for report in record.reports:
        if report.incident and report.product in {None, product}:
            yield Fact.INCIDENT, report.received_at
    for event in record.safety_events:
        if event.product == product:
            yield Fact.SAFETY_EVENT, event.received_at
    for measure in record.measures:
        if product in measure.products and measure.approved_at is not None:
            yield Fact.MEASURE_APPROVED, measure.approved_at


def _of_item(item: ScopeItem) -> Iterator[tuple[Fact, datetime]]:
    status = Fact.AFFECTED if item.status is ScopeStatus.AFFECTED else Fact.UNKNOWN
    yield status, item.held_at
    if item.unsupported_since is not None:
        yield Fact.UNSUPPORTED, item.unsupported_since


def _asked(
    question: Question, product: str, instants: Instants, record: CaseRecord
) -> Waiting | None:
    """Whether a question waits: its facts hold, and nobody answered since one of them arose."""
    answered_at = _answered(question, product, record)
    if answered_at is None:
        alternatives = [
            (max(instants[fact][0] for fact in facts), facts)
            for facts in question.opens_when
            if facts and all(fact in instants for fact in facts)
        ]
        if not alternatives:
            return None
        since, facts = min(alternatives)
        return _of_question(question, product, since, facts)
    news = [
        (at, fact)
        for fact in question.asked_again_by
        for at in instants.get(fact, ())
        if at > answered_at
    ]
    if not news:
        return None
    since, fact = min(news)
    return _of_question(question, product, since, (fact,))


def _of_question(
    question: Question, product: str, since: datetime, facts: Iterable[Fact]
) -> Waiting:
    return Waiting(
        question=question.id,
        title=question.title,
        product=product,
        roles=question.roles,
        outcomes=question.outcomes,
        source=question.source,
        since=since,
        because=" and ".join(fact.value.replace("_", " ") for fact in facts),
    )


def _answered(question: Question, product: str, record: CaseRecord) -> datetime | None:
    """When a person last answered a question for a product, by a decision or an assessment."""
    decisions = (
        each.decided_at
        for each in record.decided
        if each.question == question.id and each.product in {None, product}
    )
    incidents = (
        each.assessed_at
        for each in record.incidents
        if each.regime in question.answered_by_incident and each.product == product
    )
    return max((*decisions, *incidents), default=None)


def _latest(record: CaseRecord, question: str) -> dict[str | None, Decided]:
    mine = (each for each in record.decided if each.question == question)
    return {each.product: each for each in sorted(mine, key=lambda each: each.decided_at)}


def _assessments(record: CaseRecord) -> Iterator[Waiting]:
    """Evidence of exploitation that nobody has assessed since it met a product."""
    products = concerned(record) | {each.product for each in record.met if _in_scope(record, each)}
    for product in sorted(products):
        answered = max(
            (each.assessed_at for each in record.assessed if each.product == product), default=None
        )
        unheard = [
            each
            for each in record.met
            if each.product == product and (answered is None or each.met_at > answered)
        ]
        if unheard:
            first = min(unheard, key=lambda each: each.held_at)
            yield Waiting(
                question=ASSESS,
                title="Was it exploited in this product?",
                product=product,
                roles=("psirt",),
                outcomes=tuple(ExploitationVerdict),
                source="Regulation (EU) 2024/2847 Article 3(42), recital 68",
                since=first.held_at,
                because=f"signal {first.signal}",
            )


def _in_scope(record: CaseRecord, met: Met) -> bool:
    return any(item.product == met.product and bears(item) for item in record.items)


def _bands(record: CaseRecord) -> Iterator[Waiting]:
    """Products with a proposed band that no person has confirmed."""
    for product in sorted({item.product for item in open_items(record)} - record.banded):
        yield Waiting(
            question=BAND,
            title="Which clinical risk band holds?",
            product=product,
            roles=("psirt", "quality"),
            outcomes=(),
            source="ISO 14971 clauses 5 and 6; policy pack clinical-bands",
            since=min(item.held_at for item in open_items(record) if item.product == product),
            because="the band is a proposal",
        )


def _measures(record: CaseRecord) -> Iterator[Waiting]:
    """Measures nobody has approved, and approved ones without a signed pathway."""
    for measure in record.measures:
        if measure.approved_at is None:
            yield Waiting(
                question=APPROVE,
                title=f"Is the measure approved: {measure.title}?",
                product=None,
                roles=("quality",),
                outcomes=("approved",),
                source="ISO 13485:2016 clause 7.3.9",
                since=measure.planned_at,
                because=f"measure {measure.measure} is planned",
                blocks=False,
            )
            continue
        for product in measure.products:
            if (measure.measure, product) not in record.pathways:
                yield Waiting(
                    question=PATHWAY,
                    title=f"Which regulatory questions does the change raise: {measure.title}?",
                    product=product,
                    roles=("regulatory",),
                    outcomes=("signed",),
                    source="policy pack change-pathways",
                    since=measure.approved_at,
                    because=f"measure {measure.measure} is approved",
                )

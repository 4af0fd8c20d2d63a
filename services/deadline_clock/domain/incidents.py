"""The tracks of what happened at customers: MDR and IVDR vigilance, 21 CFR 803, severe incidents.

Receipt starts a provisional clock of the rule that fits the harm as stated; a person's answer under
that regime makes it run from its awareness, or ends it. A graver harm moves the obligation to the
rule with the shorter period. Sources: MDR Article 87(3) to (5) with MDCG 2023-3 Rev.2 Q14 and Q15;
21 CFR 803.50 and 803.3(b); CRA Article 14(3) to (5); NIS2 Article 23(3) and (4).
"""

from collections.abc import Iterator
from dataclasses import replace

from schemas.clocks import Anchor, ClockState, MetBy
from schemas.signals import Harm
from services.deadline_clock.domain.correction import TO_CUSTOMERS
from services.deadline_clock.domain.happenings import (
    Happening,
    IncidentAnswer,
    answer_to,
    harm_of,
)
from services.deadline_clock.domain.identity import ONCE
from services.deadline_clock.domain.requests import UNSTATED
from services.deadline_clock.domain.rules import AnchorName, Regime, Trigger
from services.deadline_clock.domain.stages import after_filing
from services.deadline_clock.domain.standing import Met, Question, Standing

_REGIMES = {
    Regime.CRA: "cra",
    Regime.NIS2: "nis2",
    Regime.EU_MDR: "eu_mdr",
    Regime.EU_IVDR: "eu_ivdr",
    Regime.US_803: "us_803",
}
"""Under which name a person answers for a rule's regime."""

_QUESTIONS = {
    Regime.CRA: "cra.severe_incident",
    Regime.NIS2: "nis2.significance",
    Regime.EU_MDR: "mdr.vigilance",
    Regime.EU_IVDR: "mdr.vigilance",
    Regime.US_803: "us803.report",
}
"""The question of each regime, where a person decides it without assessing one incident."""

_AWARE_ON_RECEIPT = frozenset({Regime.EU_MDR, Regime.EU_IVDR, Regime.US_803})

_HARMS = {
    Trigger.SERIOUS_INCIDENT: frozenset({Harm.SERIOUS, Harm.MALFUNCTION, Harm.NONE}),
    Trigger.DEATH_OR_UNANTICIPATED: frozenset({Harm.DEATH, Harm.UNKNOWN}),
    Trigger.PUBLIC_HEALTH_THREAT: frozenset({Harm.PUBLIC_HEALTH}),
}
"""Which harm a trigger is about; the others are about every harm."""

_UNKNOWN_HARM = (
    "harm is unknown: taken as death or unanticipated serious deterioration, the stricter reading"
)
_ASK_AGAIN = "new facts on the incident"
_SIGNAL_HELD_AT = "signal_held_at"


def standings(question: Question) -> tuple[Standing, ...]:
    """How a rule stands for each happening, by receipt; and for what a person found without one."""
    happenings = question.happenings()
    if question.rule.regime in {Regime.CRA, Regime.NIS2}:
        # A device's own alarm is a matter of vigilance; of security only what somebody reports.
        happenings = tuple(each for each in happenings if each.incident)
    found = (*happenings, *_unreported(question, happenings))
    return tuple(_standing(question, each) for each in found)


def _unreported(question: Question, known: tuple[Happening, ...]) -> Iterator[Happening]:
    """What a person found reportable before anything was received: exploitation, an own finding."""
    regime = _REGIMES[question.rule.regime]
    for product in question.products or (question.product,):
        answers = (*question.facts.incident_answers, *_decisions(question, product))
        alone = [
            each
            for each in answers
            if (each.regime, each.product, each.report) == (regime, product, None)
            and each.reportable
            and not any(
                one.product == product and one.received_at <= each.assessed_at for one in known
            )
        ]
        if alone:
            first = min(alone, key=lambda each: each.assessed_at)
            yield Happening(
                occurrence=ONCE,
                what="what was found without a report",
                product=product,
                harm=first.harm or Harm.UNKNOWN,
                harm_since=first.assessed_at,
                received_at=min(first.aware_at or first.assessed_at, first.assessed_at),
                told_by=first.assessed_by,
                incident=True,
            )


def _standing(question: Question, happening: Happening) -> Standing:
    rule = question.rule
    answers = (*question.facts.incident_answers, *_decisions(question, happening.product))
    answer = answer_to(happening, _REGIMES[rule.regime], answers)
    harm = harm_of(happening, answer)
    harms = _HARMS.get(rule.trigger)
    found = _answered(question, answer, happening) if answer else _provisional(question, happening)
    if answer is None and question.first_day and happening.received_at < question.first_day:
        day = question.first_day.date().isoformat()
        found = replace(
            found,
            state=ClockState.NOT_APPLICABLE,
            off_because=f"{happening.what} was received before {day}, when the rule began to apply",
            assumed=("proposed as not applicable: no person has confirmed it",),
            reopen_trigger=_ASK_AGAIN,
        )
    if harms is not None and harm not in harms and found.state is not ClockState.NOT_APPLICABLE:
        words = harm.value.replace("_", " ")
        found = replace(
            found,
            state=ClockState.SUPERSEDED,
            because=f"the harm is {words}: the rule for that harm carries it on",
            announced=False,
            reopen_trigger="the harm is assessed differently",
        )
    if harm is Harm.UNKNOWN and rule.trigger is Trigger.DEATH_OR_UNANTICIPATED:
        found = replace(found, assumed=(*found.assumed, _UNKNOWN_HARM))
    found = replace(found, occurrence=happening.occurrence, country=happening.country)
    match rule.anchor:
        case AnchorName.FILED_AT:
            return after_filing(question, found)
        case AnchorName.HANDLED_AT:
            return _after_handling(question, found)
    if rule.period is None and found.state is ClockState.PROVISIONAL:
        return replace(found, announced=False)  # it says nothing that the numbered stages do not
    return replace(found, met=_told(question, found))


def _told(question: Question, found: Standing) -> Met | None:
    """What a duty to inform is met by: the first notice to customers since awareness."""
    if question.rule.met_by is not MetBy.NOTICE or found.anchor is None:
        return None
    products = question.products or (question.product,)
    told = sorted(
        (each.sent_at, each.notice)
        for product in products
        for each in question.facts.notices_of(product, *TO_CUSTOMERS)
        if each.sent_at >= found.anchor.at
    )
    return Met(told[0][0], f"notice {told[0][1]}") if told else None


def _after_handling(question: Question, found: Standing) -> Standing:
    """The final report of an incident that went on: from the end of its handling."""
    if found.state not in {ClockState.RUNNING, ClockState.PROVISIONAL}:
        return replace(found, anchor=None)
    ended = next(
        (
            each
            for each in question.facts.decisions_on("nis2.ongoing", question.product)
            if each.outcome == "handled"
        ),
        None,
    )
    if ended is None:
        return replace(
            found,
            state=ClockState.AWAITING_ANCHOR,
            because="waits for the incident to be handled",
            anchor=None,
        )
    anchor = Anchor(
        name=AnchorName.HANDLED_AT,
        at=ended.happened_at or ended.decided_at,
        set_by=ended.decided_by,
        set_at=ended.decided_at,
        evidence=f"decision {ended.decision}",
        note=None if ended.happened_at else UNSTATED,
    )
    return replace(
        found, state=ClockState.RUNNING, because="the incident is handled", anchor=anchor
    )


def _provisional(question: Question, happening: Happening) -> Standing:
    by_receipt = question.rule.regime in _AWARE_ON_RECEIPT
    anchor = Anchor(
        name=AnchorName.AWARE_AT if by_receipt else _SIGNAL_HELD_AT,
        at=happening.received_at,
        set_by=happening.told_by,
        set_at=happening.received_at,
        evidence=f"{happening.what}, first received then",
        note="provisional until a person answers for this regime",
    )
    return Standing(
        state=ClockState.PROVISIONAL,
        because=f"{happening.what} waits for an answer under {_REGIMES[question.rule.regime]}",
        anchor=anchor,
    )


def _answered(question: Question, answer: IncidentAnswer, happening: Happening) -> Standing:
    if not answer.reportable:
        return Standing(
            state=ClockState.NOT_APPLICABLE,
            because=f"assessed as not reportable: {answer.ground}",
            decided_by=answer.assessed_by,
            reopen_trigger=answer.reopen_trigger or _ASK_AGAIN,
        )
    by_receipt = question.rule.regime in _AWARE_ON_RECEIPT
    unstated = happening.received_at if by_receipt else answer.assessed_at
    anchor = Anchor(
        name=AnchorName.AWARE_AT,
        at=answer.aware_at or unstated,
        set_by=answer.assessed_by,
        set_at=answer.assessed_at,
        evidence=f"{happening.what}: {answer.ground}",
        note=None if answer.aware_at else "no awareness was stated: read from the record",
    )
    return Standing(
        state=ClockState.RUNNING,
        because=f"{answer.assessed_by} found {happening.what} reportable: {answer.ground}",
        anchor=anchor,
        decided_by=answer.assessed_by,
    )


def _decisions(question: Question, product: str) -> Iterator[IncidentAnswer]:
    """Bare decisions of the regime's question, as answers to all that was received by then."""
    regime = question.rule.regime
    for each in question.facts.decisions_on(_QUESTIONS[regime], product):
        yield IncidentAnswer(
            regime=_REGIMES[regime],
            product=product,
            report=None,
            reportable=not each.outcome.startswith("not_"),
            harm=None,
            aware_at=None,
            assessed_at=each.decided_at,
            assessed_by=each.decided_by,
            ground=each.ground,
            reopen_trigger=each.reopen_trigger,
        )

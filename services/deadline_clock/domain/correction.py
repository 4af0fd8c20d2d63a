"""The tracks of a correction or removal: 21 CFR 806.10 reports, and EU field safety actions.

Initiating is read as the earliest of approval to act, the first notice to a customer and the first
wave. An 806 report is due until a person decides; a field safety corrective action is reported
before it begins, unless it is urgent (MDR Article 87(8)).
"""

from dataclasses import dataclass
from datetime import datetime

from schemas.clocks import Anchor, ClockState
from schemas.drafts import NoticeKind
from services.deadline_clock.domain.discretion import lost
from services.deadline_clock.domain.facts import CaseFacts, Decision
from services.deadline_clock.domain.rules import AnchorName
from services.deadline_clock.domain.standing import Met, Question, Standing

REPORTABLE = "reportable"
NOT_REPORTABLE = "not_reportable"
DISCRETION_CLAIMED = "discretion_claimed"
REPORTED_ELSEWHERE = "reported_elsewhere"
FSCA = "fsca"
FSCA_URGENT = "fsca_urgent"

TO_CUSTOMERS = (NoticeKind.ADVISORY, NoticeKind.FIELD_SAFETY_NOTICE, NoticeKind.WORKAROUND)
"""Notices that tell customers to act; one to a reporter or a Notified Body initiates nothing."""


@dataclass(frozen=True, slots=True)
class _Act:
    at: datetime
    what: str
    by: str
    note: str | None = None

    @property
    def anchor(self) -> Anchor:
        return Anchor(
            name=AnchorName.INITIATED_AT,
            at=self.at,
            set_by=self.by,
            set_at=self.at,
            evidence=self.what,
            note=self.note,
        )


def report(question: Question) -> tuple[Standing, ...]:
    """How the report of a correction stands; nothing while none was initiated for the product."""
    first = initiation(question.facts, question.product)
    if first is None:
        return ()
    named = question.rule.question or question.rule.id
    decision = question.facts.decision(named, question.product)
    if decision is None:
        undecided = Standing(
            state=ClockState.PROVISIONAL,
            because=f"a correction was initiated ({first.evidence}); {named} is undecided",
            anchor=first,
        )
        return (undecided,)
    if decision.outcome == DISCRETION_CLAIMED and (failed := lost(question)) is not None:
        stands = Standing(
            state=ClockState.RUNNING,
            because=f"{failed}: the discretion that {decision.decided_by} claimed is lost",
            anchor=first,
            decided_by=decision.decided_by,
        )
        return (stands,)
    return (_decided(decision, first),)


def field_action(question: Question) -> tuple[Standing, ...]:
    """How the report of a field safety corrective action stands: due when the action begins."""
    decision = question.facts.decision(question.rule.question or "mdr.fsca", question.product)
    if decision is None:
        return ()
    if decision.outcome not in {FSCA, FSCA_URGENT}:
        return (
            Standing(
                state=ClockState.NOT_APPLICABLE,
                because=f"decided as no field safety corrective action: {decision.ground}",
                announced=False,
                decided_by=decision.decided_by,
                reopen_trigger=decision.reopen_trigger or "the action is looked at anew",
            ),
        )
    if question.rule.anchor is AnchorName.DECIDED_AT:
        return (_notice(question, decision),)
    begun = initiation(question.facts, question.product, approvals=False)
    if begun is None:
        because = "the action has not begun: the report goes in advance of it"
        return (_waiting(decision, because),)
    if decision.outcome == FSCA_URGENT:
        because = "urgent: the action went first, the report follows without undue delay"
        return (_waiting(decision, because),)
    return (
        Standing(
            state=ClockState.RUNNING,
            because=f"the action began ({begun.evidence}): the report was due before it",
            anchor=begun,
            decided_by=decision.decided_by,
        ),
    )


def _notice(question: Question, decision: Decision) -> Standing:
    """The field safety notice to users (MDR Article 89(8)): without delay, no number of days."""
    sent = question.facts.notices_of(question.product, NoticeKind.FIELD_SAFETY_NOTICE)
    return Standing(
        state=ClockState.RUNNING,
        because=f"{decision.decided_by} decided {decision.outcome}: {decision.ground}",
        anchor=Anchor(
            name=AnchorName.DECIDED_AT,
            at=decision.decided_at,
            set_by=decision.decided_by,
            set_at=decision.decided_at,
            evidence=f"decision {decision.decision}",
        ),
        decided_by=decision.decided_by,
        met=Met(sent[0].sent_at, f"notice {sent[0].notice}") if sent else None,
    )


def _waiting(decision: Decision, because: str) -> Standing:
    return Standing(
        state=ClockState.AWAITING_ANCHOR, because=because, decided_by=decision.decided_by
    )


def initiation(facts: CaseFacts, product: str, *, approvals: bool = True) -> Anchor | None:
    """The act that initiated a correction: the earliest of those on record."""
    supposed = facts.supposed_initiation(product)
    if supposed is not None and approvals:
        return _Act(supposed.at, supposed.what, supposed.by).anchor
    acts = _acts(facts, product, approvals=approvals)
    return min(acts, key=lambda act: (act.at, act.what)).anchor if acts else None


def _acts(facts: CaseFacts, product: str, *, approvals: bool) -> list[_Act]:
    """Whatever may be read as initiating: approval to act, a customer notice, a wave."""
    approved = [
        _Act(
            each.approved_at,
            f"measure {each.measure} approved",
            each.approved_by or "triage",
            "interpretation: approval to act counts as initiating",
        )
        for each in facts.measures_of(product)
        if each.approved_at is not None and approvals
    ]
    told = [
        _Act(each.sent_at, f"customer notice ({each.kind}) {each.notice}", each.sent_by)
        for each in facts.notices_of(product, *TO_CUSTOMERS)
    ]
    waves = [_Act(each.at, f"{each.what} {each.id}", each.by) for each in facts.waves_of(product)]
    return approved + told + waves


def _decided(decision: Decision, anchor: Anchor) -> Standing:
    ended = _ENDED.get(decision.outcome)
    if ended is None:
        return Standing(
            state=ClockState.RUNNING,
            because=f"{decision.decided_by} decided {decision.outcome}: {decision.ground}",
            anchor=anchor,
            decided_by=decision.decided_by,
        )
    state, words, reopens = ended
    return Standing(
        state=state,
        because=f"{words}: {decision.ground}",
        anchor=anchor,
        decided_by=decision.decided_by,
        reopen_trigger=decision.reopen_trigger or reopens,
    )


_ENDED = {
    NOT_REPORTABLE: (
        ClockState.NOT_APPLICABLE,
        "decided not reportable (21 CFR 806.20 record)",
        "new facts on the risk to health",
    ),
    DISCRETION_CLAIMED: (
        ClockState.SUPERSEDED,
        "enforcement discretion claimed under FDA's 2016 guidance, which is no exemption",
        "one of the guidance's four conditions fails",
    ),
    REPORTED_ELSEWHERE: (
        ClockState.SUPERSEDED,
        "reported under 21 CFR 803 or 1004 (21 CFR 806.10(f))",
        "that report did not cover the action",
    ),
}
"""Answers that end the clock: its state, what is said of it, and what brings it back."""

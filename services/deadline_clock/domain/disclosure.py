"""Coordinated disclosure, a company's policy: acknowledge a report, publish within days of it.

No law sets these numbers: ISO/IEC 29147 and a company's own promise do.
"""

from schemas.clocks import Anchor, ClockState
from schemas.drafts import NoticeKind
from services.deadline_clock.domain.facts import CaseFacts
from services.deadline_clock.domain.happenings import Report
from services.deadline_clock.domain.rules import AnchorName, Rule
from services.deadline_clock.domain.standing import Met, Question, Standing


def standings(question: Question) -> tuple[Standing, ...]:
    """How an acknowledgement or a publication stands for each report on the product."""
    return tuple(
        _standing(question, each)
        for each in question.facts.reports
        if each.product == question.product and not each.incident
    )


def _standing(question: Question, report: Report) -> Standing:
    closure = question.facts.closure
    met = _met(question.rule, question.facts, report)
    if closure is not None and met is None:
        return Standing(
            state=ClockState.NOT_APPLICABLE,
            because=f"the case was closed: {closure.ground}",
            announced=False,
            decided_by=closure.closed_by,
            reopen_trigger="the case is reopened",
            occurrence=report.report,
        )
    return Standing(
        state=ClockState.RUNNING,
        because=f"report {report.report} was received",
        anchor=Anchor(
            name=AnchorName.RECEIVED_AT,
            at=report.received_at,
            set_by="intake",
            set_at=report.received_at,
            evidence=f"report {report.report}",
        ),
        met=met,
        occurrence=report.report,
    )


def _met(rule: Rule, facts: CaseFacts, report: Report) -> Met | None:
    kinds = _ACKNOWLEDGED if rule.stage == "acknowledgement" else _PUBLISHED
    told = [
        each
        for each in facts.notices_of(report.product or "", *kinds)
        if each.sent_at >= report.received_at
    ]
    return Met(told[0].sent_at, f"notice {told[0].notice}") if told else None


_ACKNOWLEDGED = (NoticeKind.ACKNOWLEDGEMENT,)
_PUBLISHED = (NoticeKind.ADVISORY, NoticeKind.FIELD_SAFETY_NOTICE)

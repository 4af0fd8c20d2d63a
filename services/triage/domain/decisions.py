"""What a recorded decision has to hold: a question that is asked, one of its answers, a ground."""

from collections.abc import Collection, Iterable
from datetime import datetime

from schemas.cases import Measure
from services.triage.domain.assessments import check_existed, not_in_the_future
from services.triage.domain.packs import DecisionQuestions, Question
from services.triage.domain.record import CaseRecord, Decided
from services.triage.domain.refusal import RefusalError


def question_of(
    name: str, outcome: str, reopen_trigger: str | None, pack: DecisionQuestions
) -> Question:
    """The question that a decision answers.

    Raises:
        RefusalError: there is no such question or outcome, or a negative answer has no trigger.
    """
    question = pack.question(name)
    if question is None:
        known = ", ".join(each.id for each in pack.questions)
        raise RefusalError(
            f"there is no question {name!r}", pointer="/question", mend=f"name one of {known}"
        )
    if outcome not in question.outcomes:
        raise RefusalError(
            f"{outcome!r} does not answer {name}",
            pointer="/outcome",
            mend=f"answer one of {', '.join(question.outcomes)}",
        )
    if outcome in question.negative and not (reopen_trigger or "").strip():
        raise RefusalError(
            f"an answer of {outcome} needs what would reopen it",
            pointer="/reopen_trigger",
            mend="name the fact that would change the answer",
        )
    return question


def check_happened(
    question: Question, product: str | None, at: datetime | None, record: CaseRecord, now: datetime
) -> None:
    """Refuse an instant that the question does not ask for, or that cannot be."""
    if at is None:
        return
    if question.happened is None:
        raise RefusalError(
            f"an answer to {question.id} has no instant of its own: it counts when it is given",
            pointer="/happened_at",
            mend="leave it out",
        )
    not_in_the_future(at, now, "/happened_at")
    named = sorted(record.products) if product is None else [product]
    states = [state for each in named if (state := record.products.get(each)) is not None]
    if states and not any(each.product.existed_at(at) for each in states):
        check_existed(states[0], at, "happened_at")


def superseded(record: CaseRecord, question: str, product: str | None) -> Decided | None:
    """The decision that a new one on the same question and product replaces."""
    mine = (
        each for each in record.decided if each.question == question and each.product == product
    )
    return max(mine, key=lambda each: each.decided_at, default=None)


def check_approval(measure: Measure, approver: str) -> None:
    """Refuse an approval by the planner, or a second one."""
    if measure.approved_at is not None:
        raise RefusalError(
            f"measure {measure.measure} was approved by {measure.approved_by} on "
            f"{measure.approved_at.isoformat()}",
            mend="nothing is left to do",
            conflict=True,
        )
    if measure.planned_by == approver:
        raise RefusalError(
            f"{approver} planned this measure and cannot approve it",
            mend="ask another person with the role quality",
            conflict=True,
        )


def check_available(measure: Measure) -> None:
    """Refuse to make a measure available that nobody approved, or a second time."""
    if measure.approved_at is None:
        raise RefusalError(
            f"measure {measure.measure} is not approved",
            mend="have another person with the role quality approve it first",
            conflict=True,
        )
    if measure.available_at is not None:
        raise RefusalError(
            f"measure {measure.measure} has been available since "
            f"{measure.available_at.isoformat()}",
            mend="nothing is left to do",
            conflict=True,
        )


def check_products(products: Iterable[str], known: Collection[str], pointer: str) -> None:
    """Refuse products that a case does not bear on."""
    for place, product in enumerate(products):
        if product not in known:
            raise RefusalError(
                f"the case does not bear on product {product}",
                pointer=f"{pointer}/{place}",
                mend=f"name one of {', '.join(sorted(known)) or 'no product: its scope is empty'}",
            )

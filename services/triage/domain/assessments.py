"""What a person's assessment has to hold to count: instants that can be, grounds, triggers."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from schemas.cases import ExploitationVerdict, ScopeItem
from services.triage.domain.products import ProductState
from services.triage.domain.record import Met
from services.triage.domain.refusal import RefusalError


def check_product(product: str, items: Iterable[ScopeItem]) -> None:
    """Refuse a product that the case does not bear on."""
    known = sorted({item.product for item in items})
    if product not in known:
        raise RefusalError(
            f"the case does not bear on product {product}",
            pointer="/product",
            mend=f"name one of {', '.join(known) or 'no product: its scope is empty'}",
        )


def check_report(report: str | None, known: Sequence[str]) -> None:
    """Refuse an answer on an incident or safety event that the case does not hold."""
    if report is not None and report not in known:
        raise RefusalError(
            f"the case holds no incident or safety event {report}",
            pointer="/report",
            mend=f"name one of {', '.join(sorted(known)) or 'none: leave it out'}",
        )


def check_existed(state: ProductState | None, at: datetime | None, name: str = "aware_at") -> None:
    """Refuse an instant of something in a product before the first release of it."""
    if state is None or at is None:
        return
    first = state.product.first_released_on
    if first is not None and not state.product.existed_at(at):
        raise RefusalError(
            f"{name} {at.isoformat()} is before {state.product.product} existed: its "
            f"first version was released on {first.isoformat()}",
            pointer=f"/{name}",
            mend="check the year, or correct the release dates in the catalogue",
        )


def check_exploitation(
    product: str,
    verdict: ExploitationVerdict,
    aware_at: datetime | None,
    reopen_trigger: str | None,
    met: Iterable[Met],
    now: datetime,
) -> None:
    """Refuse an assessment whose awareness cannot be, or a negative one that nothing reopens.

    Becoming aware is reasonable certainty after an initial assessment (Commission guidance on
    Regulation (EU) 2024/2847, paragraphs 211 to 214): never before the evidence was held.
    """
    if verdict is ExploitationVerdict.NOT_EXPLOITED:
        if aware_at is not None:
            raise RefusalError(
                "a negative answer has no instant of awareness",
                pointer="/aware_at",
                mend="leave aware_at out, or answer exploited",
            )
        if not (reopen_trigger or "").strip():
            raise RefusalError(
                "a negative answer needs what would reopen it",
                pointer="/reopen_trigger",
                mend="name the evidence that would change the answer",
            )
        return
    if aware_at is None:
        raise RefusalError(
            "an answer of exploited needs the instant of awareness",
            pointer="/aware_at",
            mend="give the instant at which you were reasonably certain, with its time zone",
        )
    not_in_the_future(aware_at, now)
    held = min((each.held_at for each in met if each.product == product), default=None)
    if held is not None and aware_at < held:
        raise RefusalError(
            f"aware_at {aware_at.isoformat()} is before the first evidence was held, "
            f"{held.isoformat()}",
            pointer="/aware_at",
            mend=f"give an instant from {held.isoformat()} on",
        )


def check_incident(
    reportable: bool,  # noqa: FBT001  (the answer itself)
    aware_at: datetime,
    reopen_trigger: str | None,
    received: Iterable[datetime],
    now: datetime,
) -> None:
    """Refuse an incident's assessment whose awareness cannot be, or that nothing reopens.

    Day 0 is the day on which anybody of the manufacturer first received information (MDCG 2023-3
    Rev.2, question 14): awareness is never before the first receipt on record.
    """
    not_in_the_future(aware_at, now)
    first = min(received, default=None)
    if first is not None and aware_at < first:
        raise RefusalError(
            f"aware_at {aware_at.isoformat()} is before the first receipt on record, "
            f"{first.isoformat()}",
            pointer="/aware_at",
            mend=f"give an instant from {first.isoformat()} on, or correct the report's receipt",
        )
    if not reportable and not (reopen_trigger or "").strip():
        raise RefusalError(
            "an answer of not reportable needs what would reopen it",
            pointer="/reopen_trigger",
            mend="name the fact that would change the answer",
        )


def not_in_the_future(at: datetime, now: datetime, pointer: str = "/aware_at") -> None:
    """Refuse an instant that has not come yet."""
    if at > now:
        raise RefusalError(
            f"{at.isoformat()} is in the future: it is {now.isoformat()}",
            pointer=pointer,
            mend="give an instant that has passed, and check its time zone",
        )

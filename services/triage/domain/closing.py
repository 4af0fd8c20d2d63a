"""What keeps a case open: every item is named, so that nobody has to guess what is missing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.cases import ScopeItem, ScopeStatus
from services.triage.domain.record import CaseRecord
from services.triage.domain.waiting import Waiting, open_items


class Outcome(StrEnum):
    """As what a case closes."""

    RESOLVED = "resolved"
    NOT_AFFECTED = "not_affected"


class OpenKind(StrEnum):
    """What kind of thing is still open."""

    CLOCK = "clock"
    DECISION = "decision"
    CAMPAIGN = "campaign"
    FIELD_VERIFICATION = "field_verification"
    SCOPE = "scope"


@dataclass(frozen=True, slots=True)
class OpenItem:
    """One thing that keeps a case open, and what would end it."""

    kind: OpenKind
    name: str
    detail: str
    mend: str


def open_for(
    record: CaseRecord, waits: Iterable[Waiting], outcome: Outcome, coverage_percent: float
) -> tuple[OpenItem, ...]:
    """List what is open for closing a case as `outcome`; nothing means that it can close."""
    bearing = open_items(record)
    found = [*_clocks(record), *_campaigns(record)]
    found += [
        OpenItem(
            OpenKind.DECISION,
            f"{each.question} for {each.product}" if each.product else each.question,
            f"{each.title} Open since {_minute(each.since)}.",
            f"needs {' or '.join(each.roles)}",
        )
        for each in waits
        if each.blocks
    ]
    if outcome is Outcome.NOT_AFFECTED:
        found += [_bears(item) for item in bearing]
    else:
        found += _unverified(record, bearing, coverage_percent)
    return tuple(found)


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"


def _clocks(record: CaseRecord) -> Iterator[OpenItem]:
    """Legal duties that bind and are neither met nor ended; being late does not end one."""
    for clock in record.clocks:
        if clock.is_open and clock.is_legal_duty:
            due = f", due {_minute(clock.due)}" if clock.due else ""
            product = f" for {clock.product}" if clock.product else ""
            yield OpenItem(
                OpenKind.CLOCK,
                f"{clock.label}{product}",
                f"The clock is {clock.state.value.replace('_', ' ')}{due}.",
                "record the filing, or decide that the duty does not apply",
            )


def _campaigns(record: CaseRecord) -> Iterator[OpenItem]:
    for campaign in record.campaigns:
        if campaign.state == "running":
            yield OpenItem(
                OpenKind.CAMPAIGN,
                campaign.campaign,
                "The campaign is neither completed nor aborted.",
                "complete its waves, or abort it with a reason",
            )


def _bears(item: ScopeItem) -> OpenItem:
    return OpenItem(
        OpenKind.SCOPE,
        f"{item.product} {item.version}",
        f"The product version is {item.status.value}.",
        "state why it is not affected, or close the case as resolved",
    )


def _unverified(
    record: CaseRecord, bearing: Iterable[ScopeItem], coverage_percent: float
) -> Iterator[OpenItem]:
    """Affected products in the field whose devices are not verified to the policy's share."""
    products = {
        item.product
        for item in bearing
        if item.status is ScopeStatus.AFFECTED and _is_fielded(record, item)
    }
    for product in sorted(products - _accepted(record)):
        counted = [each for each in record.coverage if each.product == product]
        total = sum(each.total for each in counted)
        covered = sum(each.covered for each in counted)
        if total and 100 * covered >= coverage_percent * total:
            continue
        share = f"{covered} of {total} devices are verified" if total else "no device is counted"
        yield OpenItem(
            OpenKind.FIELD_VERIFICATION,
            product,
            f"Affected devices are fielded, and {share}; policy asks for {coverage_percent} %.",
            "roll a measure out until it is verified, or decide field.residual_risk",
        )


def _is_fielded(record: CaseRecord, item: ScopeItem) -> bool:
    state = record.products.get(item.product)
    return state is None or state.is_fielded(item.version)


def _accepted(record: CaseRecord) -> set[str]:
    """Products whose residual risk a person accepted last."""
    last = {
        each.product: each.outcome
        for each in sorted(record.decided, key=lambda each: each.decided_at)
        if each.question == "field.residual_risk"
    }
    return {product for product, outcome in last.items() if product and outcome == "accepted"}

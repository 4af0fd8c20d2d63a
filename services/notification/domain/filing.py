"""Judges a filing that a person made: it is recorded in any case, with what does not fit."""

from dataclasses import dataclass
from datetime import datetime

from schemas.clocks import Clock, ClockMode, ClockState, MetBy


@dataclass(frozen=True, slots=True)
class Filed:
    """What a person says they handed to an authority."""

    clock: str
    products: tuple[str, ...]
    receipt: str
    filed_by: str
    filed_at: datetime
    draft: str | None = None
    revision: int | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class DraftStanding:
    """The draft behind the clock, as it stands when the filing is recorded."""

    draft: str
    newest: int
    digests: dict[int, str]
    approved: frozenset[int]
    outdated: dict[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class FilingContext:
    """What else is known: the draft, earlier filings, and who may file."""

    draft: DraftStanding | None
    earlier_stage_open: str | None
    earlier_receipts: tuple[str, ...]
    representatives: tuple[str, ...]


def refusal(clock: Clock) -> str | None:
    """Say why nothing is ever filed for a clock: it is a drill's or binds nobody."""
    if clock.drill:
        return "this is a drill: nothing of it is real and nothing of it is ever filed"
    if clock.mode is not ClockMode.MANDATORY:
        return f"the clock is {clock.mode.value}: {clock.mode_reason}"
    return None


def mismatches(filed: Filed, clock: Clock, context: FilingContext) -> tuple[str, ...]:
    """Name everything about a filing that does not fit what is on record."""
    found = [
        *_against_clock(filed, clock),
        *_against_draft(filed, context.draft),
    ]
    if context.earlier_stage_open is not None:
        found.append(f"no filing of the earlier stage is recorded: {context.earlier_stage_open}")
    if filed.receipt in context.earlier_receipts:
        found.append("this receipt is already recorded for this clock")
    elif context.earlier_receipts:
        found.append("another filing is already recorded for this clock")
    if context.representatives and filed.filed_by not in context.representatives:
        found.append(f"{filed.filed_by} is not among the entity's assigned representatives")
    return tuple(found)


def _against_clock(filed: Filed, clock: Clock) -> list[str]:
    found = []
    if clock.met_by is not MetBy.FILING:
        found.append(f"this clock is met by {clock.met_by.value}, not by a filing")
    if clock.product is not None and clock.product not in filed.products:
        found.append(f"the filing does not name the clock's product {clock.product}")
    if clock.state is ClockState.PROVISIONAL:
        found.append("the clock was provisional: nobody had assessed it")
    if clock.state in {ClockState.SUPERSEDED, ClockState.NOT_APPLICABLE}:
        found.append(f"the clock had ended: {clock.state.value}")
    if clock.due_operational is not None and filed.filed_at > clock.due_operational:
        found.append(f"filed after the deadline {clock.due_operational:%Y-%m-%d %H:%M}Z")
    if clock.anchor is not None and filed.filed_at < clock.anchor.at:
        found.append(f"filed before the clock's anchor {clock.anchor.at:%Y-%m-%d %H:%M}Z")
    return found


def _against_draft(filed: Filed, draft: DraftStanding | None) -> list[str]:
    if draft is None:
        return ["no draft is prepared for this clock"]
    if filed.draft is None:
        return ["no draft is named: what was filed is not on record"]
    if filed.draft != draft.draft:
        return [f"draft {filed.draft} is not the one prepared for this clock ({draft.draft})"]
    if filed.revision is None:
        return ["no revision of the draft is named"]
    if filed.revision not in draft.digests:
        return [f"the draft has no revision {filed.revision}"]
    found = []
    if filed.digest is not None and filed.digest != draft.digests[filed.revision]:
        found.append("the digest is not that of the named revision")
    if filed.revision not in draft.approved:
        found.append(f"revision {filed.revision} was not approved")
    if fields := draft.outdated.get(filed.revision):
        found.append(f"revision {filed.revision} was outdated in: {', '.join(fields)}")
    elif filed.revision != draft.newest and filed.revision not in draft.approved:
        found.append(f"revision {draft.newest} was newer")
    return found

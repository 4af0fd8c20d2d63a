"""Says where a component's support ends: a finding before the day, and a mark on others after it.

Such findings hang on a vulnerability that is none, `support/<product>`, one for each component of a
product version. They are unknown: nobody assesses for us what nobody supports. Every other finding
on a component whose support is over is marked with it, so that those who decide on it know that no
fixed version is to be expected.

Days are whole days of UTC, and the last day of support is still supported.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from schemas.findings import FindingKind, Support, SupportStage, Verdict
from services.sbom_matcher.domain import kinds
from services.sbom_matcher.domain.matching import Place
from services.sbom_matcher.domain.verdict import Decision

ENDING = "support_ending"
OVER = "support_over"

_SETTLED = timedelta(minutes=1)
"""After midnight: the clocks that fire an alarm and that judge it differ by less than that."""

_NO_MORE = re.compile(
    r"no longer (maintained|supported)|abandoned|unsupported|not (actively )?(maintained|supported)"
    r"|end[- ]?of[- ]?(life|support)|\beo[ls]\b|no ?support|\binactive\b|\bdeprecated\b"
    r"|\bdiscontinued\b",
    re.IGNORECASE,
)
"""FDA's examples of a level of support (V.A.4.b), SPDX's `noSupport` and `endOfSupport`, and usual
words for both: a published device SBOM says `Inactive` and `Deprecated`."""


class Notice(BaseModel):
    """The policy of notice: how many days before the end of support a finding is raised.

    It is raised at the longest period, and told again at each shorter one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    version: str
    kind: str
    title: str
    source: str
    source_date: date
    owner: str
    review_on: date
    notice_days: tuple[Annotated[int, Field(gt=0)], ...] = Field(min_length=1)

    @field_validator("notice_days")
    @classmethod
    def _falling(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if list(days) != sorted(set(days), reverse=True):
            raise ValueError("give each period once, the longest first")
        return days


@dataclass(frozen=True, slots=True)
class Stated:
    """What the SBOM of a product version states of a component's support.

    `component` is its place, as in findings.
    """

    product: str
    version: str
    hardware: str
    component: str
    level: str | None
    ends_on: date | None


def over(level: str | None, ends_on: date | None, today: date) -> bool:
    """Tell whether support is over: by the day, or by a level that says so whatever the day."""
    return bool(_NO_MORE.search(level or "")) or (ends_on is not None and ends_on < today)


def days_left(ends_on: date | None, today: date) -> int | None:
    """Count the whole days until the last day of support; negative behind it, None if undated."""
    return (ends_on - today).days if ends_on else None


def standing(stated: Stated, today: date, notice: Notice) -> Support | None:
    """Say where a component's support stands; None while its end is farther than any notice."""
    if over(stated.level, stated.ends_on, today):
        return Support(stage=SupportStage.OVER, level=stated.level, ends_on=stated.ends_on)
    left = days_left(stated.ends_on, today)
    running = [days for days in notice.notice_days if left is not None and left <= days]
    if not running:
        return None
    return Support(
        stage=SupportStage.ENDING, level=stated.level, ends_on=stated.ends_on,
        notice_days=min(running),
    )  # fmt: skip


def endings(stated: Iterable[Stated], now: datetime, notice: Notice) -> dict[Place, Decision]:
    """Find the components whose support is over, or ends within a notice period."""
    today = now.astimezone(UTC).date()
    found = {}
    for each in stated:
        support = standing(each, today, notice)
        if support is not None:
            reason = OVER if support.stage is SupportStage.OVER else ENDING
            place = Place(
                kinds.name(FindingKind.SUPPORT, each.product), each.product, each.version,
                each.hardware, each.component,
            )  # fmt: skip
            found[place] = Decision(Verdict.UNKNOWN, reason, support=support)
    return found


def marked(
    decided: Mapping[Place, Decision], stated: Iterable[Stated], now: datetime, notice: Notice
) -> dict[Place, Decision]:
    """Mark what is decided of components whose support is over; of others nothing changes."""
    today = now.astimezone(UTC).date()
    ended = {
        (each.product, each.version, each.hardware, each.component): support
        for each in stated
        if (support := standing(each, today, notice)) and support.stage is SupportStage.OVER
    }
    if not ended:
        return dict(decided)
    return {
        place: replace(
            decision,
            support=ended.get((place.product, place.version, place.hardware, place.component)),
        )
        for place, decision in decided.items()
    }


def next_change(stated: Iterable[Stated], now: datetime, notice: Notice) -> datetime | None:
    """Give the next instant at which a notice begins to run or support is over; None for never."""
    days = {
        day
        for each in stated
        if each.ends_on is not None
        and not over(each.level, each.ends_on, now.astimezone(UTC).date())
        for day in (
            *(each.ends_on - timedelta(days=ahead) for ahead in notice.notice_days),
            each.ends_on + timedelta(days=1),
        )
    }
    instants = (datetime.combine(day, time(), UTC) + _SETTLED for day in days)
    return min((each for each in instants if each > now), default=None)

"""What happened at customers, as cases tell it: reports, incidents, safety events, and answers.

Awareness under vigilance law is the first receipt by anybody of the manufacturer (MDCG 2023-3
Rev.2, Q14; 21 CFR 803.3(b)); under the CRA and NIS2 it is a person's reasonable certainty. So a
happening holds when it was received, and each regime's answer its own awareness.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from schemas.signals import Harm

_GRAVEST_FIRST = (
    Harm.PUBLIC_HEALTH,
    Harm.DEATH,
    Harm.SERIOUS,
    Harm.MALFUNCTION,
    Harm.NONE,
)


@dataclass(frozen=True, slots=True)
class Report:
    """A report or incident in a case. `harm_since`: when its harm was first told as it is now."""

    report: str
    incident: bool
    title: str
    product: str | None
    version: str | None
    harm: Harm | None
    received_at: datetime
    harm_since: datetime
    country: str | None = None


@dataclass(frozen=True, slots=True)
class SafetyEvent:
    """A device that reported harm or danger during a rollout."""

    event: str
    product: str
    device: str
    code: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class IncidentAnswer:
    """A person's answer under one regime; `report` None answers all that was received by then.

    A bare decision of the regime's question states no harm and no awareness.
    """

    regime: str
    product: str
    report: str | None
    reportable: bool
    harm: Harm | None
    aware_at: datetime | None
    assessed_at: datetime
    assessed_by: str
    ground: str
    reopen_trigger: str | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that vigilance law may ask about; `occurrence` tells its clocks from others."""

    occurrence: str
    what: str
    product: str
    harm: Harm
    harm_since: datetime
    received_at: datetime
    told_by: str
    incident: bool
    country: str | None = None


def of_report(report: Report) -> Happening | None:
    """The happening that an incident is; a report of a vulnerability is none."""
    if not report.incident or report.product is None:
        return None
    return Happening(
        occurrence=report.report,
        what=f"incident {report.report}",
        product=report.product,
        harm=report.harm or Harm.UNKNOWN,
        harm_since=report.harm_since,
        received_at=report.received_at,
        told_by="intake",
        incident=True,
        country=report.country,
    )


def of_safety_event(event: SafetyEvent) -> Happening:
    """A safety event says that something is wrong, and nothing of what it did to anybody."""
    code = f" ({event.code})" if event.code else ""
    return Happening(
        occurrence=event.event,
        what=f"safety event of device {event.device}{code}",
        product=event.product,
        harm=Harm.UNKNOWN,
        harm_since=event.received_at,
        received_at=event.received_at,
        told_by="deployment-tracker",
        incident=False,
    )


def answer_to(
    happening: Happening, regime: str, answers: Iterable[IncidentAnswer]
) -> IncidentAnswer | None:
    """The last answer under a regime that speaks of a happening."""
    mine = (
        each
        for each in answers
        if each.regime == regime
        and each.product == happening.product
        and (
            each.report == happening.occurrence
            or (each.report is None and happening.received_at <= each.assessed_at)
        )
    )
    return max(mine, key=lambda each: each.assessed_at, default=None)


def harm_of(happening: Happening, answer: IncidentAnswer | None) -> Harm:
    """The harm that counts: as a person assessed it, or a graver one that was told since."""
    if answer is None or answer.harm is None:
        return happening.harm
    told_since = happening.harm_since > answer.assessed_at
    return happening.harm if told_since and graver(happening.harm, answer.harm) else answer.harm


def graver(one: Harm, other: Harm) -> bool:
    """Whether one harm is graver than another; of an unknown one nobody can say."""
    if Harm.UNKNOWN in {one, other}:
        return False
    return _GRAVEST_FIRST.index(one) < _GRAVEST_FIRST.index(other)

"""Where evidence of exploitation meets a case: which products, and since when we held both."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.cases import HeldSignal, ProductSignalled, ScopeItem
from schemas.signals import (
    ExploitationReported,
    IncidentReported,
    ReportKind,
    ReportReceived,
    SignalSource,
)


@dataclass(frozen=True, slots=True)
class Signal:
    """A piece of evidence as triage holds it; `product` is the one of ours that it was seen in."""

    held: HeldSignal
    product: str | None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Meeting:
    """A signal and the products of a case that it newly bears on."""

    signal: Signal
    products: tuple[ProductSignalled, ...]


def of_report(event: ReportReceived | IncidentReported) -> tuple[ExploitationReported, ...]:
    """What a report says of exploitation: one signal an identifier, seen in its product.

    A report that names no identifier speaks of itself, so that exploitation of something that has
    no name yet is heard all the same. This is the one place where a report becomes evidence: intake
    tells reports as reports. The signals never leave triage; they spare a second way to join.
    """
    if not event.exploited:
        return ()
    return tuple(
        ExploitationReported(
            signal=f"report/{event.report}/{identifier}",
            identifier=identifier,
            source=_source(event),
            reporter=event.report,
            reported_at=event.occurred_at,
            received_at=event.received_at,
            product=event.product,
            site=event.site,
            evidence=event.summary or event.title,
        )
        for identifier in dict.fromkeys(event.identifiers or (event.report,))
    )


def _source(event: ReportReceived | IncidentReported) -> SignalSource:
    """Who saw it: a customer on the product, or somebody who watches the threats."""
    if isinstance(event, IncidentReported) or event.kind is ReportKind.CUSTOMER:
        return SignalSource.CUSTOMER
    return SignalSource.INTELLIGENCE


def meetings(
    signals: Iterable[Signal],
    scope: Iterable[ScopeItem],
    since: Mapping[str, datetime],
    known: frozenset[tuple[str, str]],
) -> tuple[Meeting, ...]:
    """Join signals with the products of a case; pairs in `known` have met before.

    `held_at` is the later of when we held the signal and when we held that the product is or may be
    affected: the first instant at which we held both. Evidence seen in one of our products meets it
    whatever a finding says, and like evidence from elsewhere every product that is or may be
    affected: who exploits one of them may exploit the others. What was taken back before it met
    anything meets nothing.
    """
    versions: dict[str, list[ScopeItem]] = {}
    for item in scope:
        versions.setdefault(item.product, []).append(item)
    found = []
    for signal in sorted(signals, key=lambda each: (each.held.received_at, each.held.signal)):
        if signal.withdrawn_at is not None:
            continue
        products = tuple(
            _signalled(signal, product, held, since)
            for product, held in sorted(versions.items())
            if (signal.held.signal, product) not in known and _meets(signal, product, since)
        )
        if products:
            found.append(Meeting(signal, products))
    return tuple(found)


def _meets(signal: Signal, product: str, since: Mapping[str, datetime]) -> bool:
    return signal.product == product or product in since


def _signalled(
    signal: Signal, product: str, held: list[ScopeItem], since: Mapping[str, datetime]
) -> ProductSignalled:
    bearing = since.get(product, min(item.held_at for item in held))
    return ProductSignalled(
        product=product,
        versions=tuple(item.version for item in held),
        held_at=max(signal.held.received_at, bearing),
    )

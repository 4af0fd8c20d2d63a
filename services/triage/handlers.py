"""Triage's Kafka edge for facts: findings, signals, reports and products bring cases up to date.

Every handler reads: hold the locks, store the facts, settle the cases they belong to.
"""

from collections.abc import Iterable

from schemas.catalogue import EntityRegistered, ProductRegistered, ProductRetired
from schemas.event import Event
from schemas.findings import (
    FindingChanged,
    FindingCleared,
    FindingOpened,
    VulnerabilityDescribed,
    VulnerabilityMerged,
    VulnerabilitySplit,
)
from schemas.signals import (
    ExploitationReported,
    ExploitationWithdrawn,
    IncidentReported,
    ReportReceived,
    ScoreObserved,
)
from services.kit.records import Batch, Received
from services.kit.unit import Unit
from services.triage.casework import hold, settle
from services.triage.causes import Causes
from services.triage.consumer import consumer
from services.triage.domain import signals
from services.triage.domain.scope import BEARING
from services.triage.store import facts, groups, products
from services.triage.store.facts import FindingNews


@consumer.on(
    VulnerabilityDescribed,
    FindingOpened,
    FindingChanged,
    FindingCleared,
    VulnerabilityMerged,
    VulnerabilitySplit,
)
async def on_findings(batch: Batch, unit: Unit) -> None:
    """Store findings and what is known of their vulnerabilities, and settle the cases."""
    causes = Causes()
    for received in batch:
        causes.note(received, _names(received.event))
    keys = {received.key for received in batch} | set(causes.by_name)
    await hold(unit, keys)
    await facts.save_vulnerabilities(
        unit.db, [(r.event, r.revision) for r in batch.of(VulnerabilityDescribed)]
    )
    await groups.name_themselves(unit.db, (r.key for r in batch if not _is_grouping(r.event)))
    await groups.name(
        unit.db,
        [
            (identifier, received.event.vulnerability, received.time)
            for received in batch.of(VulnerabilityDescribed)
            for identifier in received.event.identifiers
        ],
    )
    await facts.save_findings(unit.db, [_news(r) for r in batch if _is_finding(r.event)])
    await _regroup(unit, batch)
    await settle(unit, keys, causes)


async def _regroup(unit: Unit, batch: Batch) -> None:
    """Apply merges and splits one by one: they are rare, and their order is what they mean."""
    for received in batch.of(VulnerabilityMerged, VulnerabilitySplit):
        match received.event:
            case VulnerabilityMerged(survivor=survivor, absorbed=absorbed):
                await groups.merge(unit.db, survivor, absorbed, received.time)
            case VulnerabilitySplit(vulnerability=old, separated=new, identifiers=names):
                await groups.separate(unit.db, old, new, names, received.time)


def _is_grouping(event: Event) -> bool:
    return isinstance(event, VulnerabilityMerged | VulnerabilitySplit)


def _is_finding(event: Event) -> bool:
    return isinstance(event, FindingOpened | FindingChanged | FindingCleared)


def _names(event: Event) -> Iterable[str]:
    """The vulnerabilities and identifiers that an event of the stream speaks of."""
    match event:
        case VulnerabilityDescribed():
            return (event.vulnerability, *event.identifiers, *event.absorbed)
        case VulnerabilityMerged():
            return (event.survivor, event.absorbed)
        case VulnerabilitySplit():
            return (event.vulnerability, event.separated, *event.identifiers)
        case _:
            return (event.key,)


def _news(received: Received[Event]) -> FindingNews:
    """Read a finding's event. Where it was bearing before, it has borne since it is held."""
    match received.event:
        case FindingCleared(finding=finding):
            return FindingNews(finding, True, False, received.time, received.revision)
        case FindingChanged(finding=finding, previous=previous):
            bore = previous in BEARING
            return FindingNews(finding, False, bore, received.time, received.revision)
        case FindingOpened(finding=finding):
            return FindingNews(finding, False, True, received.time, received.revision)
        case other:
            raise TypeError(f"{other.TYPE} holds no finding")


@consumer.on(ExploitationReported, ExploitationWithdrawn, ScoreObserved)
async def on_signals(batch: Batch, unit: Unit) -> None:
    """Store evidence of exploitation, and settle the cases that it meets."""
    await facts.save_scores(unit.db, [r.event for r in batch.of(ScoreObserved)])
    told, taken_back = batch.of(ExploitationReported), batch.of(ExploitationWithdrawn)
    evidence: list[Received[ExploitationReported] | Received[ExploitationWithdrawn]]
    evidence = [*told, *taken_back]
    if not evidence:
        return
    causes = Causes()
    for received in evidence:
        causes.note(received, (received.event.identifier,))
        causes.note_signal(received, received.event.signal)
    meaning = await hold(unit, causes.by_name)
    reported = [(r.event, r.revision) for r in told]
    await facts.save_signals(unit.db, reported)
    withdrawn = [(r.event, r.revision) for r in taken_back]
    await facts.withdraw_signals(unit.db, withdrawn)
    await settle(unit, causes.by_name, causes, meaning=meaning)


@consumer.on(ReportReceived, IncidentReported)
async def on_reports(batch: Batch, unit: Unit) -> None:
    """Store reports and incidents, and give each a case, its own or its vulnerability's."""
    causes = Causes()
    received: list[Received[ReportReceived] | Received[IncidentReported]]
    received = [*batch.of(ReportReceived), *batch.of(IncidentReported)]
    names = {r.event.report for r in received}
    before = await facts.identifiers_of_reports(unit.db, names)
    identifiers = {each for r in received for each in r.event.identifiers} | before
    meaning = await hold(unit, identifiers, names)
    newest = {each.event.report: each for each in sorted(received, key=lambda one: one.revision)}
    stated = [(s, each) for each in newest.values() for s in signals.of_report(each.event)]
    for each in received:
        causes.note(each, (each.event.report,))
    for signal, each in stated:
        causes.note_signal(each, signal.signal)
    await facts.save_reports(unit.db, [(each.event, each.revision) for each in received])
    await facts.save_signals(unit.db, [(signal, each.revision) for signal, each in stated])
    await facts.retract_signals(
        unit.db, [(report, each.time, each.revision) for report, each in newest.items()]
    )
    await settle(unit, identifiers, causes, reports=names, meaning=meaning)


@consumer.on(ProductRegistered, ProductRetired, EntityRegistered)
async def on_catalogue(batch: Batch, unit: Unit) -> None:
    """Store products and entities, and propose anew where a product's clinical use changed."""
    registered = [(r.event, False, r.revision) for r in batch.of(ProductRegistered)]
    retired = [(r.event.last, True, r.revision) for r in batch.of(ProductRetired)]
    named = {each.product for each, _, _ in (*registered, *retired)}
    causes = Causes()
    for received in batch.of(ProductRegistered, ProductRetired):
        causes.note(received, (received.key,))
    await unit.lock("product", named)
    before = await products.load(unit.db, named)
    await products.save(unit.db, [*registered, *retired])
    entities = [(r.event, r.revision) for r in batch.of(EntityRegistered)]
    await products.save_entities(unit.db, entities)
    after = await products.load(unit.db, named)
    changed = {
        product
        for product in named
        if product not in before
        or before[product].product.clinical_use != after[product].product.clinical_use
    }
    if changed:
        vulnerabilities, reports = await products.files_with(unit.db, changed)
        await settle(unit, vulnerabilities, causes, reports=reports)

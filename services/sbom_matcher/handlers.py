"""The Kafka edge: store what arrived, and ask for the matches that follow from it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import asyncpg

from schemas.advisories import AdvisoryPublished, AdvisoryWithdrawn
from schemas.catalogue import ProductRegistered, ProductRetired
from schemas.event import Event
from schemas.findings import SbomCompared
from schemas.sboms import SbomRegistered
from services.kit.consume import Consumer
from services.kit.records import Batch, Faulty, Received
from services.kit.timers import Fired, Timers
from services.kit.unit import Unit
from services.sbom_matcher import reviews
from services.sbom_matcher.matcher import BELL
from services.sbom_matcher.rematch import SUPPORT_CHANGES
from services.sbom_matcher.store import advisories, contents, pending, stock
from services.sbom_matcher.store.pending import Wish

consumer = Consumer("sbom-matcher")
timers = Timers()

_EXPIRES = "statement expires"


@consumer.on(ProductRegistered, ProductRetired)
async def on_products(batch: Batch, unit: Unit) -> None:
    """Keep products, their versions and the names others use for them."""
    await unit.lock("product", (each.key for each in batch))
    states: list[tuple[ProductRegistered, int, bool]] = []
    causes: dict[str, Received[Event]] = {}
    for each in batch:
        if isinstance(each.event, ProductRegistered | ProductRetired):
            retired = isinstance(each.event, ProductRetired)
            state = each.event.last if isinstance(each.event, ProductRetired) else each.event
            states.append((state, each.revision, retired))
            causes[state.product] = each
    with _storable():
        touched = await stock.save_products(unit.db, states)
    await _ask(
        unit,
        (
            Wish("version", pending.version_subject(*each), causes[each[0]].bulk, causes[each[0]])
            for each in touched
        ),
    )


@consumer.on(SbomRegistered)
async def on_sboms(batch: Batch, unit: Unit) -> None:
    """Keep what product versions contain."""
    registered = batch.of(SbomRegistered)
    await unit.lock("product", (f"product/{each.event.product}" for each in registered))
    with _storable():
        compared = await contents.save(
            unit.db, [(each.event, each.revision) for each in registered]
        )
    wishes = []
    kept: list[tuple[Received[SbomRegistered], int | None]] = []
    for each, before in zip(registered, compared, strict=True):
        sbom = each.event
        kept.append((each, before.unmatchable if before is not None else None))
        if before is not None:
            unit.emit(_compared(sbom, before), cause=each, name=sbom.sbom)
            subject = pending.version_subject(sbom.product, sbom.version)
            wishes.append(Wish("version", subject, each.bulk, each))
    with _storable():
        await reviews.on_registered(unit, kept)
    await _ask(unit, wishes)


_FEW = 50
"""Advisories in a bulk batch: reading their ranges holds the loop for up to a millisecond each."""


@consumer.on(AdvisoryPublished, AdvisoryWithdrawn, lanes=("bulk",), max_records=_FEW)
async def on_bulk_advisories(batch: Batch, unit: Unit) -> None:
    """Keep what advisories of a backfill claim, in batches that never hold anybody up."""
    await on_advisories(batch, unit)


@consumer.on(AdvisoryPublished, AdvisoryWithdrawn, lanes=("urgent",))
async def on_advisories(batch: Batch, unit: Unit) -> None:
    """Keep what advisories claim, in spans of version keys."""
    published, withdrawn = batch.of(AdvisoryPublished), batch.of(AdvisoryWithdrawn)
    await unit.lock("advisory", (each.key for each in batch))
    spoken: dict[str, list[str]] = {}
    ended: dict[str, list[str]] = {}
    if published:
        with _storable():
            spoken = await advisories.publish(
                unit.db, [(each.event, each.revision) for each in published]
            )
    if withdrawn:
        ended = await advisories.withdraw(
            unit.db, [(each.event.advisory, each.revision) for each in withdrawn], unit.now
        )
    _arm_expiries(unit, published, spoken.keys())
    causes: dict[str, Received[Event]] = {each.key: each for each in batch}
    await _ask(
        unit,
        (
            Wish("identifier", identifier, causes[advisory].bulk, causes[advisory])
            for found in (spoken, ended)
            for advisory, identifiers in found.items()
            for identifier in identifiers
        ),
    )


@timers.on_fire
async def on_timers(fired: Sequence[Fired], unit: Unit) -> None:
    """Match again what a lapsed statement spoke of, and versions whose components lose support.

    A quarter without a review is told.
    """
    await reviews.on_quarters([each for each in fired if each.step == reviews.QUARTER], unit)
    lapsed = [each for each in fired if each.step == _EXPIRES]
    unsupported = [each for each in fired if each.step == SUPPORT_CHANGES]
    wishes = [Wish("identifier", each.subject, False, each) for each in lapsed]
    wishes += [Wish("version", each.subject, False, each) for each in unsupported]
    await _ask(unit, wishes)


def _arm_expiries(
    unit: Unit, published: Sequence[Received[AdvisoryPublished]], kept: Iterable[str]
) -> None:
    saved = set(kept)
    for each in published:
        for vulnerability in each.event.vulnerabilities if each.event.advisory in saved else ():
            for assertion in vulnerability.assertions:
                if assertion.expires_at is not None:
                    unit.arm(vulnerability.id, _EXPIRES, assertion.expires_at)


def _compared(sbom: SbomRegistered, before: contents.Comparison) -> SbomCompared:
    now = {contents.shown(each) for each in sbom.components}
    return SbomCompared(
        product=sbom.product,
        version=sbom.version,
        before=before.before,
        after=sbom.sbom,
        added=tuple(sorted(now - before.contents)),
        removed=tuple(sorted(before.contents - now)),
        unmatchable=before.unmatchable,
    )


@contextmanager
def _storable() -> Iterator[None]:
    """Refuse a record whose text PostgreSQL cannot keep: it alone is quarantined, others go on."""
    try:
        yield
    except asyncpg.ProgramLimitExceededError as error:
        raise Faulty(
            "an identifier or name is too long to be indexed (2,700 bytes)",
            mend="shorten it at its source and submit the document again",
        ) from error
    except (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError) as error:
        raise Faulty(
            "a text holds a character that cannot be stored (NUL)",
            mend="remove the NUL characters at the source and submit the document again",
        ) from error


async def _ask(unit: Unit, wishes: Iterable[Wish]) -> None:
    await pending.put(unit.db, wishes)
    unit.after_commit(BELL.ring)

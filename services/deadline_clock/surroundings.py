"""Deadline-clock's Kafka edge for what surrounds cases: the catalogue, and coverage."""

from collections.abc import Mapping
from typing import Any

from schemas.campaigns import CoverageChanged
from schemas.catalogue import EntityRegistered, ProductRegistered, ProductRetired
from schemas.clocks import MetBy
from schemas.event import Event
from services.deadline_clock import casework, in_force
from services.deadline_clock.consumer import consumer
from services.deadline_clock.library import Library
from services.deadline_clock.store import cases, clocks, surroundings
from services.deadline_clock.store.surroundings import Revised
from services.kit.records import Batch, Received
from services.kit.unit import Unit

_CASES_AT_ONCE = 200


@consumer.on(ProductRegistered, ProductRetired, EntityRegistered)
async def on_catalogue(batch: Batch, unit: Unit) -> None:
    """Take newer states of products and legal entities, and decide the clocks they bear on anew.

    Cases are locked before products, as everywhere; those that came to name a product in between
    are found by asking again once the product is locked.
    """
    packs = await in_force.hold(unit)
    products, entities = _products(batch), _entities(batch)
    affected = set(products) | await surroundings.made_by(unit.db, entities)
    known = await cases.naming(unit.db, affected)
    await unit.lock("case", known)
    await unit.lock("product", affected | await cases.products_of(unit.db, known))
    await unit.lock("entity", {*entities, *(each.entity for each, _ in products.values())})
    changed = await _bearing(unit, products)
    await surroundings.save_products(unit.db, products)
    newer = await surroundings.save_entities(unit.db, entities)
    made = await surroundings.made_by(unit.db, newer)
    await unit.lock("product", made - affected)  # registered since we asked
    changed |= made
    late = await cases.naming(unit.db, changed)
    await unit.lock("case", late - known)
    await _decide(unit, packs, late, frozenset(changed), batch[-1])


def _products(batch: Batch) -> dict[str, Revised]:
    found: dict[str, Revised] = {}
    for received in batch:
        match received.event:
            case ProductRegistered() as state:
                found[state.product] = (state, received.revision)
            case ProductRetired(last=state):
                # It keeps its duties: the law does not end with the sale (CRA Article 14).
                found[state.product] = (state, received.revision)
    return found


def _entities(batch: Batch) -> dict[str, tuple[EntityRegistered, int]]:
    return {r.event.entity: (r.event, r.revision) for r in batch.of(EntityRegistered)}


async def _bearing(unit: Unit, products: Mapping[str, Revised]) -> set[str]:
    """The products of which anything changes that a clock rests on."""
    before = await surroundings.products(unit.db, products)
    return {
        name
        for name, (state, _) in products.items()
        if name not in before or _facts(before[name]) != _facts(state)
    }


def _facts(product: ProductRegistered) -> tuple[Any, ...]:
    return (product.entity, product.qualification, product.eu, product.markets)


@consumer.on(CoverageChanged, inbox=False)
async def on_coverage(batch: Batch, unit: Unit) -> None:
    """Take newer counts, and decide the cases where a clock waits for coverage."""
    packs = await in_force.hold(unit)
    cells = {r.key: (r.event, r.revision) for r in batch.of(CoverageChanged)}
    living = await casework.hold(unit, {each.case for each, _ in cells.values()})
    await surroundings.save_coverage(unit.db, cells, living)
    rules = [rule.id for rule in packs.book.firing() if rule.met_by is MetBy.COVERAGE]
    waiting = await clocks.waiting_for(unit.db, living.values(), rules)
    products = frozenset(each.product for each, _ in cells.values())
    if waiting:
        await _decide(unit, packs, waiting, products, batch[-1])


async def _decide(
    unit: Unit,
    packs: Library,
    affected: set[str],
    products: frozenset[str],
    cause: Received[Event],
) -> None:
    ordered = sorted(affected)
    for start in range(0, len(ordered), _CASES_AT_ONCE):
        files = await cases.load(unit.db, ordered[start : start + _CASES_AT_ONCE])
        desk = await casework.lay_out(unit, packs, files)
        for facts in files.values():
            desk.settle(facts, unit.now, cause, products & frozenset(facts.products()))
        await casework.keep(unit, desk.decided)

"""What is urgent goes before what is not, from the first topic to the last, however much waits."""

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.advisories import AdvisoryPublished
from schemas.findings import FindingOpened, SbomCompared
from schemas.topics import TOPICS
from services.kit.settings import Settings
from services.kit.unit import Units
from services.sbom_matcher.app import app
from services.sbom_matcher.handlers import on_advisories, on_bulk_advisories, on_sboms
from services.sbom_matcher.matcher import Matcher
from tests.component.sbom_matcher.conftest import opened, received
from tests.component.sbom_matcher.facts import advisory, npm, on_npm, product, sbom
from tests.neighbours import PATIENCE, eventually, neighbours, read_all, serving, type_of
from tests.world import World

FEW, MANY = 300, 1_500
OPENED = """
SELECT key, bulk FROM kit_outbox WHERE type = 'finding.opened.v1' ORDER BY seq
"""


def _backfill(count: int) -> list[AdvisoryPublished]:
    return [advisory(f"osv/old-{n}", f"OLD-{n}", on_npm(f"part-{n}")) for n in range(count)]


def _urgent() -> AdvisoryPublished:
    return advisory("osv/now", "NOW", on_npm("urgent"))


async def test_an_urgent_advisory_is_matched_before_every_one_of_a_backfill_that_waits(
    settings: Settings,
) -> None:
    parts = (npm("urgent", "1.0.0"), *(npm(f"part-{n}", "1.0.0") for n in range(FEW)))
    async with opened(settings) as units:
        async with units.begin() as unit:
            await on_sboms(received(sbom("pump", "1", *parts)), unit)
        await Matcher(units).drain()
        async with units.begin() as unit:
            await on_bulk_advisories(received(*_backfill(FEW), bulk=True), unit)
        async with units.begin() as unit:
            await on_advisories(received(_urgent()), unit)
        await Matcher(units).drain()
        opened_in_order = await _findings(units)
    assert opened_in_order[0] == ("NOW", False)
    assert len(opened_in_order) == 1 + FEW
    assert all(bulk for _, bulk in opened_in_order[1:])


async def _findings(units: Units) -> list[tuple[str, bool]]:
    return [(row["key"], row["bulk"]) for row in await units.pool.fetch(OPENED)]


async def test_an_urgent_finding_overtakes_a_backfill_that_was_there_before(
    new_world: World,
) -> None:
    parts = (npm("urgent", "1.0.0"), *(npm(f"part-{n}", "1.0.0") for n in range(MANY)))
    async with neighbours(new_world) as others:
        async with serving(app, new_world, "sbom-matcher"):
            await others.publish(product("pump", "1"), sbom("pump", "1", *parts))
            await others.event(SbomCompared, product="pump")
        await others.publish(*_backfill(MANY), bulk=True)
        async with serving(app, new_world, "sbom-matcher"):
            await _until_published(new_world, "findings.bulk", 1)
            await others.publish(_urgent())
            await _until_published(new_world, "findings.bulk", 2 * MANY)
    urgent = await _when(new_world, "findings", "NOW")
    bulk = await _when(new_world, "findings.bulk")
    assert len(urgent) == 1
    assert len(bulk) == MANY
    assert sum(each > urgent[0] for each in bulk) > MANY / 10


async def _until_published(world: World, lane: str, at_least: int) -> None:
    """Wait until a lane holds so many records: of a backfill, a description and a finding each."""
    reader = AIOKafkaConsumer(**world.kafka("admin"), enable_auto_commit=False)
    partitions = [TopicPartition(world.topic(lane), n) for n in range(TOPICS[lane].partitions)]

    async def enough() -> bool:
        ends: dict[TopicPartition, int] = await reader.end_offsets(partitions)
        return sum(ends.values()) >= at_least

    await reader.start()
    try:
        await eventually(enough, patience=10 * PATIENCE)
    finally:
        await reader.stop()


async def _when(world: World, lane: str, vulnerability: str | None = None) -> list[int]:
    """Say when findings were published on a lane, by Kafka's timestamps."""
    return [
        record.timestamp
        for record in await read_all(world, [lane])
        if type_of(record) is FindingOpened and vulnerability in {None, record.key.decode()}
    ]

"""Replaying everything from the start, with the inbox kept or emptied, changes no state."""

import asyncio
import hashlib

import pytest

from schemas.cases import CaseSignalled
from schemas.findings import VulnerabilityMerged, VulnerabilitySplit
from services.triage.app import app
from tests.component.triage.conftest import Triage
from tests.component.triage.facts import described, opened, pump, reported
from tests.neighbours import neighbours, serving
from tests.world import World

TABLES = (
    "casefile", "meeting", "risk", "finding", "vulnerability", "identifier", "forwarding", "signal",
    "report", "product", "tracking_counter", "timeline", "kit_revision",
)  # fmt: skip
"""What a replay must leave as it is: the counts of revisions stand for what was emitted."""


async def _state(triage: Triage) -> dict[str, str]:
    found = {}
    for table in TABLES:
        rows = await triage.sql(f"SELECT t::text AS row FROM {table} t ORDER BY 1")
        found[table] = hashlib.sha256("\n".join(r["row"] for r in rows).encode()).hexdigest()
    return found


async def _read(triage: Triage) -> int:
    """How many records were handled, over all consumers."""
    rows = await triage.sql("SELECT coalesce(sum(next_offset), 0)::int AS read FROM kit_position")
    return int(rows[0]["read"])


async def _settled(triage: Triage, at_least: int = 1) -> int:
    """Wait until nothing moves any more, as the timeline reads triage's own events too."""
    before = -1
    while True:
        await asyncio.sleep(2)
        waiting = await triage.sql("SELECT FROM kit_outbox")
        read = await _read(triage)
        if read == before and read >= at_least and not waiting:
            return read
        before = read


@pytest.mark.parametrize("emptied", [False, True], ids=["inbox kept", "inbox emptied"])
async def test_a_replay_of_every_topic_changes_nothing(new_world: World, emptied: bool) -> None:
    async with neighbours(new_world) as wire:
        async with serving(app, new_world, "triage") as client:
            triage = Triage(new_world, wire, client)
            await wire.publish(pump())
            for n in range(20):
                await wire.publish(described(f"CVE-2026-{n}", f"GHSA-{n}"))
                await wire.publish(opened(f"CVE-2026-{n}", "pump"), reported(f"GHSA-{n}"))
            await wire.publish(described("GHSA-late"), opened("GHSA-late", "pump"))
            for under in ("CVE-2026-1", "GHSA-late"):
                merged = VulnerabilityMerged(
                    under=under, survivor="CVE-2026-1", absorbed="GHSA-late", because="an alias"
                )
                await wire.publish(merged)
            await wire.event(CaseSignalled, identifiers=("CVE-2026-19", "GHSA-19"))
            split = VulnerabilitySplit(
                vulnerability="CVE-2026-1",
                separated="GHSA-late",
                identifiers=("GHSA-late",),
                because="the alias was taken back",
            )
            await wire.publish(split)
            read = await _settled(triage)
            assert await triage.difference() == 0
            before = await _state(triage)
            await triage.sql("UPDATE kit_position SET next_offset = 0")
            if emptied:
                await triage.sql("DELETE FROM kit_inbox")
        async with serving(app, new_world, "triage") as client:
            again = Triage(new_world, wire, client)
            assert await _settled(again, read) == read
            assert await _state(again) == before
            assert await again.difference() == 0

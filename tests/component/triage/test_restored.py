"""A database that was restored from an older copy gives no tracking id to another case."""

import asyncpg

from schemas.cases import CaseOpened
from schemas.signals import ReportKind, ReportReceived
from services.triage.app import app
from tests.component.triage.conftest import Triage
from tests.component.triage.facts import LATER, described, opened, pump
from tests.neighbours import neighbours, serving
from tests.world import World

NAMES = [f"CVE-2026-{700 - n}" for n in range(16)]
"""In an order in which no restored database would come upon them again by itself."""

FORGET = "DROP SCHEMA triage CASCADE; CREATE SCHEMA triage AUTHORIZATION triage"


async def test_a_case_that_is_opened_again_gets_the_id_that_others_know(new_world: World) -> None:
    async with neighbours(new_world) as wire:
        async with serving(app, new_world, "triage") as client:
            triage = Triage(new_world, wire, client)
            await wire.publish(pump())
            for count, name in enumerate(NAMES, 1):
                if count % 2:
                    await wire.publish(_report(name))
                    await wire.event(CaseOpened, report=f"R-{name}")
                await wire.publish(described(name), opened(name, "pump"))
                await wire.events(CaseOpened, at_least=count)
            await triage.until(lambda: _all_named(triage))
            before = await _cases(triage)
        admin = await asyncpg.connect(new_world.admin_dsn)
        await admin.execute(FORGET)
        await admin.close()
        async with serving(app, new_world, "triage") as client:
            restored = Triage(new_world, wire, client)

            await restored.until(lambda: _all_named(restored))
            assert await _cases(restored) == before
            await wire.publish(described("CVE-2026-900"), opened("CVE-2026-900", "pump"))
            newest = await wire.event(CaseOpened, vulnerability="CVE-2026-900")
            assert newest.case not in before.values(), "numbers are counted on, never given twice"
            assert await restored.difference() == 0


def _report(name: str) -> ReportReceived:
    """Give a report that opens a case before its vulnerability is heard of."""
    return ReportReceived(
        report=f"R-{name}", kind=ReportKind.SCAN, title="A scanner's report", summary="A flaw.",
        identifiers=(name,), product="pump", version="1.0", received_at=LATER,
    )  # fmt: skip


async def _all_named(triage: Triage) -> bool:
    return set(await _cases(triage)) == set(NAMES)


async def _cases(triage: Triage) -> dict[str, str]:
    rows = await triage.sql("SELECT vulnerability, case_id FROM casefile")
    return {row["vulnerability"]: row["case_id"] for row in rows}

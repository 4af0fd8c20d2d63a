"""Signals and findings that race each other never miss; replays change nothing."""

import asyncio
from typing import Any

from schemas.cases import CaseOpened, CaseSignalled
from tests.component.triage.conftest import Triage
from tests.component.triage.facts import described, opened, reported

RACES = 1500


async def _send(triage: Triage, events: list[Any], bulk: bool) -> None:
    for event in events:
        await triage.wire.publish(event, bulk=bulk)


async def test_thousands_of_signals_and_findings_race_and_none_misses_the_other(
    triage: Triage,
) -> None:
    names = [f"CVE-2026-{20_000 + n}" for n in range(RACES)]
    await asyncio.gather(
        _send(triage, [described(name, f"GHSA-{name}") for name in names], bulk=True),
        _send(
            triage, [opened(name, f"product-{n % 7}") for n, name in enumerate(names)], bulk=False
        ),
        _send(triage, [reported(f"GHSA-{name}") for name in names[::2]], bulk=False),
        _send(triage, [reported(name, backfill=True) for name in names[1::2]], bulk=True),
    )

    async def all_met() -> bool:
        rows = await triage.sql("SELECT count(*) AS met FROM meeting")
        return int(rows[0]["met"]) == RACES

    await triage.until(all_met)
    assert await triage.difference() == 0
    opened_cases = await triage.wire.events(CaseOpened, at_least=RACES)
    assert len(opened_cases) == RACES
    assert len({each.vulnerability for each in opened_cases}) == RACES
    signalled = await triage.wire.events(CaseSignalled, at_least=RACES)
    assert len({(each.case, each.signal.signal) for each in signalled}) == len(signalled) == RACES
    numbers = await triage.sql("SELECT count(*) AS all, max(number) AS last FROM casefile")
    assert numbers[0]["all"] == numbers[0]["last"] == RACES

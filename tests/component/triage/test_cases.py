"""Findings and signals make cases, in whatever order they come."""

from collections.abc import AsyncIterator

import pytest

from schemas.cases import CaseOpened, CaseScoped, CaseSignalled, RiskAssessed, ScopeStatus
from schemas.findings import Verdict
from services.triage.app import app
from tests.component.triage.facts import LATER, described, opened, pump, reported
from tests.neighbours import Neighbours, neighbours, serving
from tests.world import World

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
async def fleet(world: World) -> AsyncIterator[Neighbours]:
    async with neighbours(world) as wire, serving(app, world, "triage"):
        yield wire


async def test_an_affected_finding_opens_one_case_with_its_scope_and_a_proposed_band(
    fleet: Neighbours,
) -> None:
    await fleet.publish(pump(), described("CVE-2026-9001"), opened("CVE-2026-9001", "pump"))
    scoped = await fleet.event(CaseScoped, vulnerability="CVE-2026-9001")
    case = await fleet.event(CaseOpened, vulnerability="CVE-2026-9001")
    risk = await fleet.event(RiskAssessed, case=case.case)
    assert scoped.case == case.case
    assert [(each.product, each.status) for each in scoped.items] == [
        ("pump", ScopeStatus.AFFECTED)
    ]
    assert (risk.band, risk.score, risk.proposed) == ("critical", 9.8, True)


async def test_a_signal_by_alias_that_came_first_meets_the_finding_later(fleet: Neighbours) -> None:
    await fleet.publish(reported("GHSA-xxxx-0001"))
    await fleet.publish(
        described("CVE-2026-9002", "GHSA-xxxx-0001"), opened("CVE-2026-9002", "pump")
    )
    case = await fleet.event(CaseOpened, vulnerability="CVE-2026-9002")
    signalled = await fleet.event(CaseSignalled, case=case.case)
    assert signalled.products[0].held_at == LATER


async def test_an_unknown_verdict_opens_a_case_only_on_a_signal(fleet: Neighbours) -> None:
    await fleet.publish(described("CVE-2026-9003"))
    await fleet.publish(opened("CVE-2026-9003", "pump", verdict=Verdict.UNKNOWN))
    await fleet.publish(reported("CVE-2026-9003"))
    case = await fleet.event(CaseOpened, vulnerability="CVE-2026-9003")
    assert "exploitation" in case.because

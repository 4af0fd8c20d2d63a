"""Incidents, requests and reviews on the real stack: the clocks they start and what ends them."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from schemas.campaigns import SafetyStopped
from schemas.cases import CaseKind, CaseReport, CaseScoped, IncidentAssessed
from schemas.catalogue import Nis2Status, QualificationKind
from schemas.clocks import ClockEscalated, Severity
from schemas.drafts import RequestReceived
from schemas.sboms import ReviewReason, SbomReviewDue, SbomReviewed
from schemas.signals import Harm
from services.deadline_clock.app import app
from tests.component.deadline_clock import story
from tests.component.deadline_clock.story import MAKER, NOW
from tests.component.deadline_clock.wire import Fleet
from tests.neighbours import neighbours, serving
from tests.world import World

pytestmark = pytest.mark.stack

FIFTEEN, TEN = "mdr.serious_incident", "mdr.death_or_unanticipated"


@pytest.fixture(scope="module")
async def fleet(world: World) -> AsyncIterator[Fleet]:
    async with neighbours(world) as wire, serving(app, world, "deadline-clock") as http:
        made = Fleet(wire, http, world)
        await made.publish(
            MAKER.model_copy(update={"nis2": {"FR": Nis2Status.IMPORTANT}}),
            story.product("pump", QualificationKind.DEVICE),
        )
        yield made


def incident(case: str, harm: Harm = Harm.SERIOUS) -> CaseScoped:
    """A case about an incident with the pump."""
    report = CaseReport(
        report=f"R-{case}",
        incident=True,
        title="Pump stopped",
        product="pump",
        version="1.0",
        harm=harm,
        country="DE",
        received_at=NOW - timedelta(hours=2),
    )
    told = {"kind": CaseKind.INCIDENT, "reports": (report,)}
    return story.scoped(case, "pump").model_copy(update=told)


def answered(case: str, regime: str, *, reportable: bool = True) -> IncidentAssessed:
    """A person's answer under one regime."""
    return IncidentAssessed(
        case=case,
        regime=regime,
        product="pump",
        reportable=reportable,
        harm=Harm.SERIOUS,
        aware_at=NOW - timedelta(hours=2),
        assessed_at=NOW,
        assessed_by="ra",
        ground="the pump stopped",
        reopen_trigger=None if reportable else "harm turns out",
    )


async def test_an_incident_starts_vigilance_from_receipt_and_each_regime_is_answered_alone(
    fleet: Fleet,
) -> None:
    await fleet.publish(incident("I-1"))
    eu = await fleet.clock("I-1", FIFTEEN, "pump", state="provisional")
    us = await fleet.clock("I-1", "us803.30day", "pump", state="provisional")
    received = (NOW - timedelta(hours=2)).isoformat()[:19]
    assert eu["anchor"]["at"].startswith(received)
    assert us["anchor"]["at"].startswith(received)
    assert eu["zone"] == "Europe/Berlin"
    await fleet.publish(answered("I-1", "eu_mdr"))
    await fleet.clock("I-1", FIFTEEN, "pump", state="running")
    await fleet.clock("I-1", "us803.30day", "pump", state="provisional")
    await fleet.publish(answered("I-1", "us_803", reportable=False))
    await fleet.clock("I-1", "us803.30day", "pump", state="not_applicable")


async def test_nis2_is_the_entitys_in_its_member_state(fleet: Fleet) -> None:
    await fleet.publish(incident("I-2"))
    warning = await fleet.clock("I-2", "nis2.early_warning", None, state="provisional")
    assert (warning["member_state"], warning["entity"]) == ("FR", "maker")
    assert "directive default" in warning["mode_reason"]


async def test_a_death_learned_of_later_takes_the_ten_days_over_and_pages(fleet: Fleet) -> None:
    await fleet.publish(incident("I-3"))
    before = await fleet.clock("I-3", FIFTEEN, "pump", state="provisional")
    await fleet.publish(incident("I-3", Harm.DEATH))
    after = await fleet.clock("I-3", TEN, "pump", state="provisional")
    await fleet.clock("I-3", FIFTEEN, "pump", state="superseded")
    assert after["due_operational"] < before["due_operational"]
    told = [each for each in await fleet.said("I-3", ClockEscalated) if each.clock.rule == TEN]
    assert {(each.step, each.severity) for each in told} == {("start", Severity.PAGE)}


async def test_a_safety_event_in_a_rollout_starts_vigilance_clocks(fleet: Fleet) -> None:
    await fleet.publish(story.scoped("I-4", "pump"))
    await fleet.publish(
        SafetyStopped(
            campaign="c-1", case="I-4", wave=1, device="d-1", product="pump", received_at=NOW
        )
    )
    clock = await fleet.clock("I-4", TEN, "pump", state="provisional")
    assert any("harm is unknown" in each for each in clock["assumed"])


async def test_an_authoritys_request_is_a_clock_until_it_is_filed(fleet: Fleet) -> None:
    await fleet.publish(story.scoped("I-5", "pump"))
    due = NOW + timedelta(days=3)
    await fleet.publish(
        RequestReceived(
            case="I-5",
            request="q-1",
            authority="FDA",
            rule="us803.5day",
            due_at=due,
            received_at=NOW,
            recorded_by="ra",
        )
    )
    clock = await fleet.clock("I-5", "us803.5day", "pump", state="running")
    assert clock["due_operational"].startswith(due.isoformat()[:19])


async def test_a_request_of_a_rule_that_nobody_knows_is_told_where_clocks_are_explained(
    fleet: Fleet,
) -> None:
    mistyped = RequestReceived(
        case="I-6",
        request="q-6",
        authority="FDA",
        rule="us803.5days",
        received_at=NOW,
        recorded_by="ra",
    )
    right = mistyped.model_copy(update={"request": "q-7", "rule": "us803.5day"})
    await fleet.publish(story.scoped("I-6", "pump"), mistyped)
    await fleet.publish(story.scoped("I-7", "pump"), right.model_copy(update={"case": "I-7"}))
    await fleet.clock("I-7", "us803.5day", "pump", state="running")
    told = await fleet.get("/v1/cases/I-6/explanation")
    assert [(each["request"], each["because"]) for each in told["unanswered"]] == [
        ("q-6", "no pack in force has a rule us803.5days")
    ]
    await fleet.publish(right)
    await fleet.clock("I-6", "us803.5day", "pump", state="running")
    assert (await fleet.get("/v1/cases/I-6/explanation"))["unanswered"] == []


async def test_a_released_sbom_waits_for_a_persons_review(fleet: Fleet) -> None:
    graph = {"components": 3, "depth": 2, "unresolved": 0, "flat": False}
    place = {"product": "pump", "version": "1.0", "sbom": "s-1", "revision": 1}
    await fleet.publish(
        SbomReviewDue(duty="d-1", reason=ReviewReason.RELEASE, due_since=NOW, **place, **graph)
    )
    await fleet.clock("sbom/pump", "sbom.review.release", "pump", state="running")
    del graph["components"]
    await fleet.publish(
        SbomReviewed(
            review="r-1",
            meets=("d-1",),
            complete=True,
            note="read",
            reviewed_by="quality",
            reviewed_at=NOW,
            **place,
            **graph,
        )
    )
    await fleet.clock("sbom/pump", "sbom.review.release", "pump", state="met")
    explained = await fleet.get("/v1/cases/sbom%2Fpump/explanation")
    (review,) = (each for each in explained["rules"] if each["rule"] == "sbom.review.release")
    assert (review["state"], review["kind"]) == ("met", "policy")


async def test_deciding_everything_anew_finds_nothing(fleet: Fleet) -> None:
    answer = await fleet.get("/v1/reconcile", who="admin")
    assert answer["differences"] == []

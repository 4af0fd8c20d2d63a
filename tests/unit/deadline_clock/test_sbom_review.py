"""Reviews of bills of materials: what each release and each quarter asks for, and what meets it."""

from dataclasses import replace

from schemas.clocks import ClockState, RuleKind
from services.deadline_clock.domain.acts import SbomDuty, SbomReview
from services.deadline_clock.domain.facts import CaseFacts
from tests.unit.deadline_clock.facts import DAY, T0, Clockwork

CASE = CaseFacts("sbom/gateway", title="Bill of materials of gateway")
RELEASE, QUARTER = "sbom.review.release", "sbom.review.quarter"


def duty(name: str = "d-1", revision: int = 1, days: int = 0) -> SbomDuty:
    return SbomDuty(name, "gateway", "1.0", "", revision, False, T0 + days * DAY)


def review(name: str, days: int, *meets: str) -> SbomReview:
    return SbomReview(name, "gateway", "1.0", "", meets, "quality", T0 + days * DAY)


def states(clocks: Clockwork, rule: str) -> dict[str, ClockState]:
    return {
        each.occurrence: each.clock.state
        for each in clocks.held.values()
        if each.clock.rule == rule
    }


def test_a_registered_revision_is_reviewed_in_days_and_in_the_quarter() -> None:
    clocks = Clockwork()
    clocks.decide(replace(CASE, sbom_duties=(duty(),)))
    release, quarter = clocks.of(RELEASE).clock, clocks.of(QUARTER).clock
    assert release.due_operational is not None
    assert release.due_operational.date() == (T0 + 7 * DAY).date()
    assert quarter.due_operational is not None
    assert quarter.due_operational.date().isoformat() == "2027-02-20"
    assert {release.kind, quarter.kind} == {RuleKind.POLICY}


def test_a_review_meets_both_and_begins_the_next_quarter() -> None:
    clocks = Clockwork()
    facts = replace(CASE, sbom_duties=(duty(),))
    clocks.decide(facts)
    clocks.decide(replace(facts, sbom_reviews=(review("r-1", 3, "d-1"),)), T0 + 3 * DAY)
    assert states(clocks, RELEASE) == {"d-1": ClockState.MET}
    assert states(clocks, QUARTER) == {"d-1": ClockState.MET, "r-1": ClockState.RUNNING}


def test_a_newer_revision_takes_the_place_of_one_that_nobody_reviewed() -> None:
    clocks = Clockwork()
    clocks.decide(replace(CASE, sbom_duties=(duty(),)))
    clocks.decide(replace(CASE, sbom_duties=(duty(), duty("d-2", 2, 1))), T0 + DAY)
    assert states(clocks, RELEASE) == {"d-1": ClockState.SUPERSEDED, "d-2": ClockState.RUNNING}
    assert states(clocks, QUARTER) == {"d-1": ClockState.RUNNING}


def test_a_quarter_without_a_review_is_late_and_stays_so() -> None:
    clocks = Clockwork()
    facts = replace(CASE, sbom_duties=(duty(),))
    clocks.decide(facts)
    late = replace(facts, sbom_reviews=(review("r-1", 120, "d-1"),))
    clocks.decide(late, T0 + 120 * DAY)
    assert clocks.of(QUARTER).clock.late

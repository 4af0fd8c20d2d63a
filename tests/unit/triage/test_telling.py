"""Events read as one sentence on a timeline, with who acted and what they are linked to."""

from schemas.cases import ExploitationAssessed, ExploitationVerdict, MeasureApproved
from schemas.clocks import Clock, ClockMode, ClockStarted, ClockState, MetBy, RuleKind
from schemas.event import Event
from schemas.findings import VulnerabilityDescribed
from schemas.signals import ExploitationReported, SignalSource
from services.triage.domain.telling import actor_of, case_of, links_of, summary_of
from tests.unit.triage.made import NOW
from tests.unit.triage.test_waiting import APPROVED


def assessed() -> Event:
    return ExploitationAssessed(
        case="PV-2026-0001",
        product="pump",
        verdict=ExploitationVerdict.NOT_EXPLOITED,
        assessed_at=NOW,
        assessed_by="psirt",
        ground="the port is closed",
    )


def test_a_summary_says_what_to_what_and_why() -> None:
    assert summary_of(assessed()) == (
        "exploitation assessed: product pump, verdict not_exploited; the port is closed"
    )


def test_a_list_is_told_in_words_and_an_empty_one_not_at_all() -> None:
    described = VulnerabilityDescribed(
        vulnerability="CVE-2026-0001", identifiers=("CVE-2026-0001",), absorbed=("GHSA-1", "GO-1")
    )
    assert "absorbed GHSA-1 and GO-1" in summary_of(described)
    assert "absorbed" not in summary_of(described.model_copy(update={"absorbed": ()}))


def test_guidance_and_policy_are_never_told_as_mandatory() -> None:
    guidance = Clock(
        clock="c",
        case="PV-2026-0001",
        rule="fda2016.notify",
        pack="us-postmarket-2016@2026.11.25",
        kind=RuleKind.GUIDANCE,
        label="FDA 2016 guidance: customers told by day 30",
        authority="FDA",
        met_by=MetBy.NOTICE,
        product="pump",
        mode=ClockMode.MANDATORY,
        mode_reason="guidance, no duty",
        state=ClockState.RUNNING,
        started_at=NOW,
    )
    told = summary_of(ClockStarted(clock=guidance, because="a finding"))
    assert "for pump (guidance, not law, running)" in told
    law = guidance.model_copy(update={"kind": RuleKind.LAW})
    told = summary_of(ClockStarted(clock=law, because="a finding"))
    assert "for pump (mandatory, running)" in told


def test_a_persons_act_names_the_person() -> None:
    assert actor_of(assessed()) == "psirt"
    assert actor_of(MeasureApproved(case="PV-2026-0001", measure=APPROVED)) == "quality"
    assert case_of(assessed()) == "PV-2026-0001"


def test_an_event_without_a_case_is_linked_by_what_it_speaks_of() -> None:
    event = ExploitationReported(
        signal="kev/1",
        identifier="CVE-2026-0001",
        source=SignalSource.KEV,
        reporter="catalogue",
        received_at=NOW,
    )
    assert links_of(event) == ("identifier/CVE-2026-0001",)
    assert case_of(event) is None
    assert actor_of(event) is None

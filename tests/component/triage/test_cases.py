"""Findings, signals and reports make cases, in whatever order they come."""

from schemas.advisories import Score
from schemas.cases import (
    CaseClosed,
    CaseKind,
    CaseMerged,
    CaseOpened,
    CaseReopened,
    CaseScoped,
    CaseSignalled,
    CaseSplit,
    RiskAssessed,
    ScopeStatus,
)
from schemas.findings import (
    FindingChanged,
    FindingCleared,
    Verdict,
    VulnerabilityMerged,
    VulnerabilitySplit,
)
from schemas.signals import (
    ExploitationWithdrawn,
    Harm,
    IncidentReported,
    ReportKind,
    ReportReceived,
    SignalSource,
)
from tests.component.triage.conftest import Triage
from tests.component.triage.facts import EARLY, LATER, described, finding, opened, pump, reported


async def test_an_affected_finding_opens_one_case_with_its_scope_and_a_proposed_band(
    triage: Triage,
) -> None:
    wire = triage.wire
    await wire.publish(pump(), described("CVE-2026-9001"))
    await wire.publish(opened("CVE-2026-9001", "pump"), repeat=2)
    scoped = await wire.event(CaseScoped, vulnerability="CVE-2026-9001")
    case = await wire.event(CaseOpened, vulnerability="CVE-2026-9001")
    risk = await wire.event(RiskAssessed, case=case.case)
    assert scoped.case == case.case
    assert [(each.product, each.status) for each in scoped.items] == [
        ("pump", ScopeStatus.AFFECTED)
    ]
    assert (risk.band, risk.score, risk.proposed) == ("critical", 9.8, True)


async def test_a_severity_that_changes_is_proposed_as_another_band(triage: Triage) -> None:
    await triage.wire.publish(described("CVE-2026-9020"), opened("CVE-2026-9020", "pump"))
    case = await triage.case_of("CVE-2026-9020")
    before = await triage.wire.event(RiskAssessed, case=case)
    local = "CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"
    milder = described("CVE-2026-9020").model_copy(
        update={"scores": (Score(asserter="cna", version="3.1", vector=local, base=1.6),)}
    )
    await triage.wire.publish(milder)
    told = await triage.wire.events(RiskAssessed, at_least=2, case=case)
    assert told[-1].proposed
    assert told[-1].band != before.band


async def test_a_signal_by_alias_that_came_first_meets_the_finding_later(triage: Triage) -> None:
    await triage.wire.publish(reported("GHSA-xxxx-0001", backfill=True), bulk=True)
    await triage.wire.publish(
        described("CVE-2026-9002", "GHSA-xxxx-0001"), opened("CVE-2026-9002", "pump")
    )
    case = await triage.case_of("CVE-2026-9002")
    signalled = await triage.wire.event(CaseSignalled, case=case)
    assert signalled.products[0].held_at == LATER
    assert signalled.signal.backfill


async def test_an_unknown_verdict_waits_in_the_review_list_until_a_signal_opens_a_case(
    triage: Triage,
) -> None:
    await triage.wire.publish(described("CVE-2026-9003"))
    await triage.wire.publish(opened("CVE-2026-9003", "pump", verdict=Verdict.UNKNOWN))

    async def listed() -> bool:
        groups = (await triage.get("/v1/review"))["items"]
        return any("CVE-2026-9003" in group["some_vulnerabilities"] for group in groups)

    await triage.until(listed)
    assert not (await triage.get("/v1/cases", identifier="CVE-2026-9003"))["items"]
    await triage.wire.publish(reported("CVE-2026-9003"))
    case = await triage.wire.event(CaseOpened, vulnerability="CVE-2026-9003")
    assert "exploitation" in case.because


async def test_a_person_opens_a_case_from_the_review_list(triage: Triage) -> None:
    await triage.wire.publish(opened("CVE-2026-9004", "pump", verdict=Verdict.UNKNOWN))
    found = finding("CVE-2026-9004", "pump").finding

    async def known() -> bool:
        return bool(await triage.sql("SELECT FROM finding WHERE finding = $1", found))

    await triage.until(known)
    body = {"finding": found, "ground": "the supplier could not rule it out"}
    first = await triage.done("/v1/cases", body)
    assert first["opened"]
    assert await triage.done("/v1/cases", body) == {"case": first["case"], "opened": False}


async def test_two_cases_become_one_when_their_vulnerabilities_do_and_both_ids_resolve(
    triage: Triage,
) -> None:
    for name in ("CVE-2026-9005", "GHSA-xxxx-0005"):
        await triage.wire.publish(described(name), opened(name, "pump"))
    older, newer = await triage.case_of("CVE-2026-9005"), await triage.case_of("GHSA-xxxx-0005")
    for under in ("CVE-2026-9005", "GHSA-xxxx-0005"):
        merged = VulnerabilityMerged(
            under=under,
            survivor="CVE-2026-9005",
            absorbed="GHSA-xxxx-0005",
            because="the advisory names both",
        )
        await triage.wire.publish(merged)
    told = await triage.wire.events(CaseMerged, at_least=2, absorbed=newer)
    assert {each.case for each in told} == {older, newer}
    assert {each.survivor for each in told} == {older}
    await triage.wire.publish(opened("GHSA-xxxx-0005", "pump", version="2.0"))

    async def late_event_joined() -> bool:
        page = await triage.get(f"/v1/cases/{newer}")
        assert page["case"] == older
        assert page["merged"] == [newer]
        return {item["version"] for item in page["scope"]} == {"1.0", "2.0"}

    await triage.until(late_event_joined)


async def test_a_vulnerability_that_is_separated_again_gets_a_case_of_its_own(
    triage: Triage,
) -> None:
    await triage.wire.publish(
        VulnerabilitySplit(
            vulnerability="CVE-2026-9005",
            separated="GHSA-xxxx-0005",
            identifiers=("GHSA-xxxx-0005",),
            because="the advisory was corrected",
        )
    )
    split = await triage.wire.event(CaseSplit)
    older = await triage.get("/v1/cases", identifier="CVE-2026-9005")
    assert split.case == older["items"][0]["case"]
    page = await triage.get(f"/v1/cases/{split.separated}")
    assert page["vulnerability"] == "GHSA-xxxx-0005"
    assert {item["version"] for item in page["scope"]} == {"1.0", "2.0"}


async def test_a_report_without_an_identifier_has_a_case_until_a_later_revision_names_one(
    triage: Triage,
) -> None:
    def report(*identifiers: str) -> ReportReceived:
        return ReportReceived(
            report="R-6",
            kind=ReportKind.RESEARCHER,
            title="The web page leaks memory",
            product="pump",
            version="1.0",
            identifiers=identifiers,
            received_at=EARLY,
        )

    await triage.wire.publish(report())
    own = await triage.wire.event(CaseOpened, report="R-6")
    assert own.kind is CaseKind.REPORT
    await triage.wire.publish(described("CVE-2026-9006"), opened("CVE-2026-9006", "pump"))
    vulnerability = await triage.case_of("CVE-2026-9006")
    await triage.wire.publish(report("CVE-2026-9006"))
    merged = await triage.wire.event(CaseMerged, absorbed=own.case)
    assert merged.survivor == vulnerability
    page = await triage.get(f"/v1/cases/{own.case}")
    assert [each["report"] for each in page["reports"]] == ["R-6"]


async def test_a_person_links_a_reports_case_to_an_identifier_that_is_heard_of_later(
    triage: Triage,
) -> None:
    await triage.wire.publish(
        ReportReceived(
            report="R-7",
            kind=ReportKind.CUSTOMER,
            title="It restarts when scanned",
            product="pump",
            received_at=EARLY,
        )
    )
    case = (await triage.wire.event(CaseOpened, report="R-7")).case
    body = {"identifier": "CVE-2026-9007", "ground": "same crash as the advisory"}
    assert (await triage.done(f"/v1/cases/{case}/identifiers", body))["case"] == case
    await triage.wire.publish(described("CVE-2026-9007"), opened("CVE-2026-9007", "pump"))
    scoped = await triage.wire.event(CaseScoped, vulnerability="CVE-2026-9007")
    assert scoped.case == case
    assert scoped.kind is CaseKind.VULNERABILITY


async def test_exploitation_of_something_without_a_name_is_signalled_for_its_product_alone(
    triage: Triage,
) -> None:
    await triage.wire.publish(
        IncidentReported(
            report="I-8",
            title="Pumps stop in two wards",
            product="pump",
            version="1.0",
            harm=Harm.SERIOUS,
            exploited=True,
            received_at=LATER,
        )
    )
    case = await triage.wire.event(CaseOpened, report="I-8")
    signalled = await triage.wire.event(CaseSignalled, case=case.case)
    assert (case.kind, case.harm) == (CaseKind.INCIDENT, Harm.SERIOUS)
    assert [(each.product, each.held_at) for each in signalled.products] == [("pump", LATER)]
    page = await triage.get(f"/v1/cases/{case.case}")
    assert {"exploitation.assess", "mdr.vigilance", "us803.report", "mdr.fsca"} <= {
        wait["question"] for wait in page["waiting"]
    }


async def test_a_case_found_not_affected_shows_it_closes_and_reopens_on_a_new_fact(
    triage: Triage,
) -> None:
    await triage.wire.publish(described("CVE-2026-9009"), opened("CVE-2026-9009", "pump"))
    case = await triage.case_of("CVE-2026-9009")
    body = {"outcome": "not_affected", "ground": "the code is not reachable"}
    refused = await triage.post(f"/v1/cases/{case}/close", body)
    assert refused.status_code == 409
    assert "pump 1.0" in refused.json()["detail"]
    cleared = FindingChanged(
        finding=finding("CVE-2026-9009", "pump", verdict=Verdict.NOT_AFFECTED),
        previous=Verdict.AFFECTED,
        why="an analyst's statement",
    )
    await triage.wire.publish(cleared)

    async def clear() -> bool:
        return not (await triage.get(f"/v1/cases/{case}"))["bearing"]

    await triage.until(clear)
    assert (await triage.done(f"/v1/cases/{case}/close", body))["status"] == "closed"
    assert (await triage.wire.event(CaseClosed, case=case)).outcome == "not_affected"
    await triage.wire.publish(opened("CVE-2026-9009", "pump", version="3.0"))
    reopened = await triage.wire.event(CaseReopened, case=case)
    assert "pump 3.0" in reopened.because


async def test_a_signal_that_is_taken_back_is_shown_and_ends_nothing(triage: Triage) -> None:
    await triage.wire.publish(described("CVE-2026-9010"), opened("CVE-2026-9010", "pump"))
    await triage.wire.publish(reported("CVE-2026-9010", signal="kev/10"))
    case = await triage.case_of("CVE-2026-9010")
    await triage.wire.event(CaseSignalled, case=case)
    await triage.wire.publish(
        ExploitationWithdrawn(
            signal="kev/10",
            identifier="CVE-2026-9010",
            source=SignalSource.KEV,
            withdrawn_at=LATER,
        )
    )

    async def shown() -> bool:
        page = await triage.get(f"/v1/cases/{case}")
        asked = any(wait["question"] == "exploitation.assess" for wait in page["waiting"])
        return asked and page["signals"][0]["withdrawn_at"] is not None

    await triage.until(shown)


async def test_a_finding_that_returns_after_it_was_cleared_bears_from_its_return_on(
    triage: Triage,
) -> None:
    await triage.wire.publish(described("CVE-2026-9011"), opened("CVE-2026-9011", "pump"))
    case = await triage.case_of("CVE-2026-9011")
    await triage.wire.publish(
        FindingCleared(finding=finding("CVE-2026-9011", "pump"), why="left", cleared_at=LATER)
    )
    await triage.wire.publish(opened("CVE-2026-9011", "pump"))
    await triage.wire.publish(reported("CVE-2026-9011", signal="kev/11"))
    signalled = await triage.wire.event(CaseSignalled, case=case)
    assert signalled.products[0].held_at > LATER


async def test_a_report_of_exploitation_is_signalled_once_an_identifier_by_who_saw_it(
    triage: Triage,
) -> None:
    await triage.wire.publish(described("CVE-2026-9013"), opened("CVE-2026-9013", "pump"))
    case = await triage.case_of("CVE-2026-9013")
    for name, kind in (("R-13", ReportKind.CUSTOMER), ("R-14", ReportKind.INTELLIGENCE)):
        await triage.wire.publish(
            ReportReceived(
                report=name,
                kind=kind,
                title="Somebody was in the pump",
                identifiers=("CVE-2026-9013", "CVE-2026-9013"),
                product="pump",
                site="clinic-1",
                exploited=True,
                received_at=LATER,
            )
        )
    signalled = await triage.wire.events(CaseSignalled, at_least=2, case=case)
    assert [(each.signal.source, each.signal.reporter) for each in signalled] == [
        (SignalSource.CUSTOMER, "R-13"),
        (SignalSource.INTELLIGENCE, "R-14"),
    ]
    assert {(each.signal.received_at, each.signal.site) for each in signalled} == {
        (LATER, "clinic-1")
    }


async def test_a_report_that_no_longer_speaks_of_exploitation_takes_its_signal_back(
    triage: Triage,
) -> None:
    def report(*, exploited: bool) -> ReportReceived:
        return ReportReceived(
            report="R-12",
            kind=ReportKind.CUSTOMER,
            title="Somebody was in the gateway",
            product="gateway",
            exploited=exploited,
            received_at=EARLY,
        )

    await triage.wire.publish(report(exploited=False), report(exploited=True))
    case = (await triage.wire.event(CaseOpened, report="R-12")).case
    await triage.wire.event(CaseSignalled, case=case)
    await triage.wire.publish(report(exploited=False))

    async def taken_back() -> bool:
        signals = (await triage.get(f"/v1/cases/{case}"))["signals"]
        return signals[0]["withdrawn_at"] is not None

    await triage.until(taken_back)


async def test_the_recomputation_of_all_these_cases_finds_nothing_missed(triage: Triage) -> None:
    assert await triage.difference() == 0

"""People work on an exploited case until it closes: assessments, measures, gates, what is open."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.campaigns import (
    CampaignCompleted,
    CampaignPlanned,
    CoverageChanged,
    ReleasePublished,
    StopRules,
    WavePlan,
    WaveRequested,
)
from schemas.cases import (
    CaseClosed,
    CaseReopened,
    CaseSignalled,
    DecisionRecorded,
    ExploitationAssessed,
    GateEvaluated,
    GateVerdict,
    IncidentAssessed,
    MeasureApproved,
    MeasureAvailable,
    PathwayDecided,
    RiskAssessed,
)
from schemas.clocks import (
    Clock,
    ClockMet,
    ClockMode,
    ClockStarted,
    ClockState,
    MetBy,
    RuleKind,
)
from schemas.devices import DeviceState, Method
from tests.component.triage.conftest import Triage
from tests.component.triage.facts import LATER, described, gateway, opened, pump, reported

CVE = "CVE-2026-9101"
DIGEST = "ab" * 32
RELEASE = "gateway-1.1"


def clock(case: str, state: ClockState) -> Clock:
    return Clock(
        clock=f"cra.aev.early_warning/{case}/gateway",
        case=case,
        rule="cra.aev.early_warning",
        pack="cra@2026.11",
        kind=RuleKind.LAW,
        label="CRA 24 h early warning",
        authority="Regulation (EU) 2024/2847 Article 14(2)(a)",
        confidence="verified",
        met_by=MetBy.FILING,
        product="gateway",
        mode=ClockMode.MANDATORY,
        mode_reason="not a medical device",
        state=state,
        due_operational=LATER + timedelta(hours=24),
        started_at=LATER,
    )


@pytest.fixture(scope="module")
async def case(triage: Triage) -> str:
    await triage.wire.publish(pump(), gateway(), described(CVE))
    await triage.wire.publish(opened(CVE, "pump"), opened(CVE, "gateway"))
    await triage.wire.publish(reported(CVE))
    found = await triage.case_of(CVE)
    await triage.wire.event(CaseSignalled, case=found)
    await triage.wire.publish(
        ClockStarted(clock=clock(found, ClockState.RUNNING), because="signal")
    )
    return found


@pytest.fixture(scope="module")
async def measure(triage: Triage, case: str) -> str:
    body = {
        "kind": "patch",
        "category": "A",
        "title": "Update libexample",
        "products": ["gateway"],
        "target_version": "1.1",
    }
    found = await triage.done(f"/v1/cases/{case}/measures", body)
    return str(found["measure"])


async def test_an_assessment_is_refused_before_the_evidence_was_held_and_in_the_future(
    triage: Triage, case: str
) -> None:
    body = {"product": "gateway", "verdict": "exploited", "ground": "logs show a foreign session"}
    early = await triage.post(
        f"/v1/cases/{case}/assessments",
        body | {"aware_at": (LATER - timedelta(hours=1)).isoformat()},
    )
    assert (early.status_code, early.json()["pointer"]) == (422, "/aware_at")
    assert "before the first evidence" in early.json()["detail"]
    future = datetime.now(UTC) + timedelta(hours=1)
    late = await triage.post(
        f"/v1/cases/{case}/assessments", body | {"aware_at": future.isoformat()}
    )
    assert "in the future" in late.json()["detail"]
    lacking = await triage.post(
        f"/v1/cases/{case}/assessments",
        {"product": "pump", "verdict": "not_exploited", "ground": "the port is closed"},
    )
    assert lacking.json()["pointer"] == "/reopen_trigger"


async def test_a_person_confirms_for_one_product_and_rejects_for_the_other(
    triage: Triage, case: str
) -> None:
    await triage.done(
        f"/v1/cases/{case}/assessments",
        {
            "product": "gateway",
            "verdict": "exploited",
            "ground": "logs show a foreign session",
            "aware_at": (LATER + timedelta(hours=1)).isoformat(),
            "evidence": ["log-17"],
        },
    )
    told = await triage.wire.event(ExploitationAssessed, case=case, product="gateway")
    assert (told.aware_at, told.assessed_by) == (LATER + timedelta(hours=1), "psirt")
    await triage.done(
        f"/v1/cases/{case}/assessments",
        {
            "product": "pump",
            "verdict": "not_exploited",
            "ground": "the port is closed",
            "reopen_trigger": "a log that shows the port open",
        },
    )
    page = await triage.get(f"/v1/cases/{case}")
    assert not [wait for wait in page["waiting"] if wait["question"] == "exploitation.assess"]


async def test_only_the_right_role_decides_and_a_decision_closes_its_question(
    triage: Triage, case: str
) -> None:
    body = {
        "question": "mdr.vigilance",
        "product": "pump",
        "outcome": "not_reportable",
        "ground": "no device misbehaved",
        "reopen_trigger": "any malfunction in the field",
    }
    assert (await triage.post(f"/v1/cases/{case}/decisions", body)).status_code == 403
    wrong = await triage.post(
        f"/v1/cases/{case}/decisions", body | {"outcome": "maybe"}, "regulatory"
    )
    assert "reportable, not_reportable" in wrong.json()["mend"]
    await triage.done(f"/v1/cases/{case}/decisions", body, "regulatory")
    told = await triage.wire.event(DecisionRecorded, case=case, question="mdr.vigilance")
    assert told.decided_by == "regulatory"
    page = await triage.get(f"/v1/cases/{case}")
    waiting = {(wait["question"], wait["product"]) for wait in page["waiting"]}
    assert ("mdr.vigilance", "pump") not in waiting
    assert ("mdr.fsca", "pump") in waiting
    assert ("mdr.fsca", "gateway") not in waiting


async def test_a_decision_states_when_what_it_answers_happened(triage: Triage, case: str) -> None:
    body = {
        "question": "us806.extension",
        "product": "pump",
        "outcome": "extended",
        "ground": "two more lots",
        "happened_at": LATER.isoformat(),
    }
    late = {"happened_at": "2999-01-01T00:00:00Z"}
    refused = await triage.post(f"/v1/cases/{case}/decisions", body | late, "regulatory")
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/happened_at")
    await triage.done(f"/v1/cases/{case}/decisions", body, "regulatory")
    told = await triage.wire.event(DecisionRecorded, case=case, question="us806.extension")
    assert told.happened_at == LATER
    shown = (await triage.get(f"/v1/cases/{case}"))["decisions"]
    assert datetime.fromisoformat(shown[-1]["happened_at"]) == LATER


async def test_an_incident_is_assessed_under_its_regime(triage: Triage, case: str) -> None:
    await triage.done(
        f"/v1/cases/{case}/incident-assessments",
        {
            "regime": "us_803",
            "product": "pump",
            "reportable": False,
            "harm": "none",
            "aware_at": LATER.isoformat(),
            "ground": "no malfunction",
            "reopen_trigger": "a malfunction",
        },
        "regulatory",
    )
    assert not (await triage.wire.event(IncidentAssessed, case=case)).reportable


async def test_a_person_confirms_the_proposed_band_or_sets_another(
    triage: Triage, case: str
) -> None:
    await triage.done(f"/v1/cases/{case}/risk", {"product": "pump", "ground": "as proposed"})
    unknown = await triage.post(
        f"/v1/cases/{case}/risk", {"product": "gateway", "band": "dire", "ground": "no such band"}
    )
    assert unknown.json()["pointer"] == "/band"
    await triage.done(
        f"/v1/cases/{case}/risk",
        {"product": "gateway", "band": "high", "ground": "segmented networks"},
    )
    told = await triage.wire.events(RiskAssessed, at_least=2, case=case, proposed=False)
    assert {(each.product, each.band) for each in told} == {
        ("pump", "critical"),
        ("gateway", "high"),
    }


async def test_the_planner_cannot_approve_and_nothing_is_available_before_it_is_approved(
    triage: Triage, case: str, measure: str
) -> None:
    path = f"/v1/cases/{case}/measures/{measure}"
    early = await triage.post(f"{path}/available", {"ground": "published"})
    assert early.status_code == 409
    assert (await triage.post(f"{path}/approve", {})).status_code == 403
    await triage.done(f"{path}/approve", {}, "quality")
    assert (await triage.post(f"{path}/approve", {}, "quality")).status_code == 409
    told = await triage.wire.event(MeasureApproved, case=case)
    assert told.measure.approved_by == "quality"


async def test_a_pathway_is_signed_and_article_120_is_refused_as_an_emergency(
    triage: Triage, case: str, measure: str
) -> None:
    body = {"measure": measure, "product": "gateway", "ground": "like for like"}
    refused = await triage.post(
        f"/v1/cases/{case}/pathways", body | {"emergency_basis": "mdr_120_3"}, "regulatory"
    )
    assert refused.status_code == 422
    assert "transitional" in refused.json()["detail"]
    preview = await triage.get(f"/v1/cases/{case}/measures/{measure}/pathway", product="gateway")
    await triage.done(f"/v1/cases/{case}/pathways", body, "regulatory")
    told = await triage.wire.event(PathwayDecided, case=case)
    assert list(told.us) == preview["us"]
    assert told.decided_by == "regulatory"


def request(case: str, measure: str, number: int) -> WaveRequested:
    return WaveRequested(
        campaign="C-1",
        case=case,
        wave=1,
        request=f"C-1/1/{number}",
        measure=measure,
        product="gateway",
        release=RELEASE,
        requested_by="operations",
        requested_at=datetime.now(UTC),
    )


async def evidence(triage: Triage, case: str, measure: str, gate: str, **fields: Any) -> str:
    body = {"gate": gate, "measure": measure, "reference": f"{gate}-7", "digest": DIGEST} | fields
    return str((await triage.done(f"/v1/cases/{case}/evidence", body, "quality"))["evidence"])


async def test_a_wave_is_refused_until_each_gate_has_its_proof_and_is_told_when_one_is_revoked(
    triage: Triage, case: str, measure: str
) -> None:
    plan = CampaignPlanned(
        campaign="C-1",
        case=case,
        measure=measure,
        release=RELEASE,
        product="gateway",
        from_versions=("1.0",),
        target_version="1.1",
        waves=(WavePlan(wave=1, percent=100, devices=10),),
        stop_rules=StopRules(failure_percent=5, minimum_finished=10),
        devices=10,
        planned_by="operations",
        planned_at=datetime.now(UTC),
    )
    await triage.wire.publish(plan, request(case, measure, 1))
    refused = await triage.wire.event(GateEvaluated, request="C-1/1/1")
    assert not refused.passed
    assert {each.gate: each.verdict for each in refused.answers} == {
        "risk_file": GateVerdict.MISSING,
        "release_signed": GateVerdict.MISSING,
        "rollback_exercised": GateVerdict.MISSING,
    }
    assert any("CRA 24 h early warning" in warning for warning in refused.warnings)
    key = Ed25519PrivateKey.generate()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    signer = {"signer": "release-key-1", "public_key": public, "ground": "key ceremony 3"}
    await triage.done("/v1/signers", signer, "quality")
    digest = hashlib.sha256(b"an image").hexdigest()
    await triage.wire.publish(
        ReleasePublished(
            release=RELEASE,
            product="gateway",
            version="1.1",
            digest=digest,
            signature=base64.b64encode(key.sign(bytes.fromhex(digest))).decode(),
            signed_by="release-key-1",
            published_at=datetime.now(UTC),
        )
    )
    await evidence(triage, case, measure, "risk_file")
    rollback = await evidence(triage, case, measure, "rollback_exercised")
    await triage.wire.publish(request(case, measure, 2))
    passed = await triage.wire.event(GateEvaluated, request="C-1/1/2")
    assert passed.passed, passed
    assert passed.valid_until == min(
        each.valid_until for each in passed.answers if each.valid_until
    )
    await triage.done(
        f"/v1/cases/{case}/evidence/{rollback}/revoke", {"ground": "wrong hardware"}, "quality"
    )
    revoked = await triage.wire.event(GateEvaluated, request="C-1/1/2", passed=False)
    assert revoked.answers[2].verdict is GateVerdict.REVOKED


async def test_a_wave_is_told_when_its_evidence_lapses(
    triage: Triage, case: str, measure: str
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=4)
    await evidence(triage, case, measure, "rollback_exercised", valid_until=soon.isoformat())
    await triage.wire.publish(request(case, measure, 3))
    passed = await triage.wire.event(GateEvaluated, request="C-1/1/3")
    assert (passed.passed, passed.valid_until) == (True, soon)
    lapsed = await triage.wire.event(GateEvaluated, request="C-1/1/3", passed=False)
    assert lapsed.answers[2].verdict is GateVerdict.EXPIRED


async def test_a_case_shows_of_each_clock_whether_it_is_law_and_how_sure_we_are(
    triage: Triage, case: str
) -> None:
    (line,) = (await triage.get(f"/v1/cases/{case}"))["clocks"]
    assert (line["kind"], line["confidence"], line["legal_duty"]) == ("law", "verified", True)


async def test_closing_names_everything_that_is_open_and_succeeds_when_nothing_is(
    triage: Triage, case: str, measure: str
) -> None:
    await triage.done(f"/v1/cases/{case}/measures/{measure}/available", {"ground": "on the portal"})
    assert (await triage.wire.event(MeasureAvailable, case=case)).measure.available_at
    body = {"outcome": "resolved", "ground": "every gateway is covered"}
    refused = await triage.post(f"/v1/cases/{case}/close", body)
    assert refused.status_code == 409
    said = refused.json()["detail"]
    for name in (
        "CRA 24 h early warning",
        "mdr.fsca for pump",
        "campaign C-1",
        "verification pump",
    ):
        assert name in said
    done = clock(case, ClockState.MET)
    await triage.wire.publish(ClockMet(clock=done, by="filing 1"))
    at = datetime.now(UTC)
    await triage.wire.publish(CampaignCompleted(campaign="C-1", case=case, completed_at=at))
    await triage.wire.publish(
        CoverageChanged(
            campaign="C-1",
            case=case,
            product="gateway",
            version="1.0",
            market="DE",
            method=Method.AUTOMATIC,
            wave=1,
            states={DeviceState.VERIFIED: 10},
            total=10,
            covered=10,
            counted_at=at,
        )
    )
    decisions = (
        ("mdr.fsca", "not_fsca", "regulatory"),
        ("us806.report", "not_reportable", "regulatory"),
        ("field.residual_risk", "accepted", "quality"),
    )
    for question, outcome, who in decisions:
        decision = {
            "question": question,
            "product": "pump",
            "outcome": outcome,
            "ground": "the port is closed in every pump",
            "reopen_trigger": "a pump with the port open",
        }
        await triage.done(f"/v1/cases/{case}/decisions", decision, who)

    async def nothing_is_open() -> bool:
        page = await triage.get(f"/v1/cases/{case}")
        return not page["open_for"]["resolved"]

    await triage.until(nothing_is_open)
    await triage.done(f"/v1/cases/{case}/close", body)
    assert (await triage.wire.event(CaseClosed, case=case)).outcome == "resolved"
    again = await triage.post(f"/v1/cases/{case}/risk", {"product": "pump", "ground": "once more"})
    assert again.status_code == 409
    await triage.wire.publish(reported(CVE, signal="intelligence/2"))
    assert "intelligence/2" in (await triage.wire.event(CaseReopened, case=case)).because


async def test_the_timeline_shows_every_event_of_the_case_in_order_with_its_cause(
    triage: Triage, case: str
) -> None:
    async def complete() -> list[Any]:
        page = await triage.get(f"/v1/cases/{case}/timeline", limit="500")
        types = [row["type"] for row in page["items"]]
        return page["items"] if "case.reopened.v1" in types else []

    rows = await triage.until(complete)
    types = [row["type"] for row in rows]
    for expected in (
        "vulnerability.described.v1", "finding.opened.v1", "exploitation.reported.v1",
        "case.opened.v1", "case.signalled.v1", "clock.started.v1", "exploitation.assessed.v1",
        "measure.approved.v1", "gate.evaluated.v1", "wave.requested.v1", "coverage.changed.v1",
        "case.closed.v1",
    ):  # fmt: skip
        assert expected in types, expected
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    signalled = next(row for row in rows if row["type"] == "case.signalled.v1")
    assert signalled["causation"] is not None
    assessed = next(row for row in rows if row["type"] == "exploitation.assessed.v1")
    assert (assessed["actor"], assessed["service"]) == ("psirt", "triage")


async def test_every_act_is_in_the_audit_chain(triage: Triage) -> None:
    rows = await triage.sql("SELECT count(*) AS acts FROM kit_audit")
    assert rows[0]["acts"] > 10
    assert (await triage.get("/v1/audit/verify", "auditor"))["intact"]


async def test_unknown_cases_and_measures_are_named(triage: Triage, case: str) -> None:
    missing = await triage.post(
        "/v1/cases/PV-2020-9999/risk", {"product": "pump", "ground": "no such case"}
    )
    assert missing.status_code == 404
    wrong = await triage.post(f"/v1/cases/{case}/measures/nothing/approve", {}, "quality")
    assert (wrong.status_code, wrong.json()["title"]) == (404, "No such measure")

"""Where a device stands after its reports, whatever order they arrive in."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.devices import DeviceReported, DeviceState, Method
from services.deployment_tracker.domain.standing import (
    COVERED,
    EVIDENCE,
    Bucket,
    Standing,
    bucket,
    fold,
    harmed,
    judge,
    offered_state,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OFFERED = Standing(DeviceState.OFFERED)


def report(
    state: DeviceState,
    sequence: int = 1,
    attempt: int = 1,
    version: str | None = None,
    evidence: str | None = None,
    campaign: str | None = "c1",
) -> DeviceReported:
    return DeviceReported(
        device="d1",
        campaign=campaign,
        attempt=attempt,
        sequence=sequence,
        state=state,
        version=version,
        evidence=evidence,
        reported_at=NOW,
    )


def verified(sequence: int = 9, attempt: int = 1) -> DeviceReported:
    return report(DeviceState.VERIFIED, sequence, attempt, "2.0", "device_attestation")


def test_a_verified_report_with_the_version_and_evidence_covers_the_device() -> None:
    after = judge(OFFERED, verified(), "2.0", NOW)
    assert after.state is DeviceState.VERIFIED
    assert after.verified_at == NOW


@pytest.mark.parametrize(
    ("version", "evidence", "code"),
    [
        ("2.0", None, "no_evidence"),
        ("2.0", "phone_call", "no_evidence"),
        ("1.9", "device_attestation", "version_mismatch"),
        (None, "device_attestation", "version_mismatch"),
    ],
)
def test_a_claim_that_is_not_proven_is_installed_and_not_counted(
    version: str | None, evidence: str | None, code: str
) -> None:
    after = judge(OFFERED, report(DeviceState.VERIFIED, 1, 1, version, evidence), "2.0", NOW)
    assert (after.state, after.code) == (DeviceState.INSTALLED_UNCONFIRMED, code)
    assert after.state not in COVERED


def test_a_late_or_double_report_changes_nothing() -> None:
    after = judge(OFFERED, verified(sequence=5), "2.0", NOW)
    assert judge(after, verified(sequence=5), "2.0", NOW) is after
    assert judge(after, report(DeviceState.FAILED, sequence=4), "2.0", NOW) is after


def test_inside_one_attempt_a_device_only_goes_forward() -> None:
    installing = judge(OFFERED, report(DeviceState.INSTALLING, 3), "2.0", NOW)
    assert judge(installing, report(DeviceState.DOWNLOADING, 4), "2.0", NOW) is installing
    failed = judge(installing, report(DeviceState.FAILED, 5), "2.0", NOW)
    assert judge(failed, report(DeviceState.INSTALLING, 6), "2.0", NOW) is failed


def test_a_new_attempt_begins_again() -> None:
    failed = judge(OFFERED, report(DeviceState.FAILED, 5), "2.0", NOW)
    again = judge(failed, report(DeviceState.DOWNLOADING, 6, attempt=2), "2.0", NOW)
    assert (again.state, again.attempt) == (DeviceState.DOWNLOADING, 2)


def test_a_rollback_takes_a_covered_device_out_of_coverage() -> None:
    covered = judge(OFFERED, verified(), "2.0", NOW)
    after = judge(covered, report(DeviceState.ROLLED_BACK, 10), "2.0", NOW)
    assert after.state is DeviceState.ROLLED_BACK
    assert after.verified_at is None


def test_a_bare_report_of_the_old_version_takes_the_device_out_of_coverage() -> None:
    covered = judge(OFFERED, verified(), "2.0", NOW)
    old = report(DeviceState.INSTALLED_UNCONFIRMED, 10, version="1.0", campaign=None)
    after = judge(covered, old, "2.0", NOW)
    assert (after.state, after.code) == (DeviceState.ROLLED_BACK, "version_regressed")


def test_a_bare_attested_report_of_the_target_version_covers_the_device() -> None:
    seen = report(DeviceState.VERIFIED, 3, version="2.0", evidence="remote_scan", campaign=None)
    assert judge(OFFERED, seen, "2.0", NOW).state is DeviceState.VERIFIED


def test_a_customers_acknowledgement_is_shown_and_not_counted() -> None:
    after = judge(Standing(DeviceState.NOTIFIED), report(DeviceState.ACKNOWLEDGED), "2.0", NOW)
    assert after.state is DeviceState.ACKNOWLEDGED
    assert bucket(after.state) is Bucket.WAITING


def test_nothing_follows_a_safety_event_in_its_attempt_and_it_is_told_once() -> None:
    harm = report(DeviceState.SAFETY_EVENT, 2)
    after = judge(OFFERED, harm, "2.0", NOW)
    assert judge(after, verified(3), "2.0", NOW) is after
    assert harmed(OFFERED, [harm, verified(3)])
    assert not harmed(after, [harm])


def test_people_are_told_and_machines_are_offered() -> None:
    assert offered_state(Method.AUTOMATIC) is DeviceState.OFFERED
    assert offered_state(Method.MANUAL) is DeviceState.NOTIFIED
    assert offered_state(Method.PHYSICAL) is DeviceState.NOTIFIED


def test_every_state_belongs_to_one_bucket() -> None:
    assert {bucket(state) for state in DeviceState} == set(Bucket)


reports = st.builds(
    report,
    state=st.sampled_from(sorted(set(DeviceState) - {DeviceState.NOT_OFFERED})),
    sequence=st.integers(0, 12),
    attempt=st.integers(1, 3),
    version=st.sampled_from([None, "1.0", "2.0"]),
    evidence=st.sampled_from([None, *sorted(EVIDENCE)]),
    campaign=st.sampled_from([None, "c1"]),
)


@given(st.lists(reports, max_size=12))
def test_replaying_all_reports_changes_nothing(given_reports: list[DeviceReported]) -> None:
    once = fold(OFFERED, given_reports, "2.0", NOW)
    assert fold(once, given_reports, "2.0", NOW) == once


@given(
    st.lists(reports, max_size=12).flatmap(
        lambda each: st.tuples(st.just(each), st.permutations(each))
    )
)
def test_the_order_inside_a_batch_does_not_matter(
    pair: tuple[list[DeviceReported], list[DeviceReported]],
) -> None:
    unique = {(r.attempt, r.sequence): r for r in pair[0]}
    left = fold(OFFERED, unique.values(), "2.0", NOW)
    shuffled = [r for r in pair[1] if unique[r.attempt, r.sequence] is r]
    assert fold(OFFERED, shuffled, "2.0", NOW) == left


@given(st.lists(reports, max_size=12))
def test_no_device_is_covered_without_the_version_and_evidence(
    given_reports: list[DeviceReported],
) -> None:
    after = fold(OFFERED, given_reports, "2.0", NOW)
    if after.state is DeviceState.VERIFIED:
        assert any(r.version == "2.0" and r.evidence in EVIDENCE for r in given_reports)

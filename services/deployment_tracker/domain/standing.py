"""Judges what a device reports: where it stands in a campaign, and which reports change nothing.

Reports are ordered by `(attempt, sequence)`, never by arrival, so that late ones and duplicates do
nothing. Inside one attempt a device only goes forward; a rollback ends the attempt or a new one
begins. "Installed" is not "patched": only a version attested with evidence is VERIFIED.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from schemas.devices import DeviceReported, DeviceState, Method

EVIDENCE = frozenset({"device_attestation", "remote_scan", "technician_signature"})
"""What proves a version; a customer's acknowledgement alone does not."""

COVERED = frozenset({DeviceState.VERIFIED, DeviceState.ALREADY_AT_VERSION})
"""The only states that count as covered."""

FAILED = frozenset(
    {DeviceState.REJECTED, DeviceState.FAILED, DeviceState.ROLLED_BACK, DeviceState.TIMED_OUT}
)
"""States that count as failures of a wave."""

NEVER = frozenset({DeviceState.DECLINED, DeviceState.INELIGIBLE, DeviceState.LOST_TO_FOLLOW_UP})
"""Will not be patched; they stay in the denominator and need a risk acceptance record."""

FINAL = COVERED | FAILED | NEVER | {DeviceState.RETIRED, DeviceState.SAFETY_EVENT}
"""States that end an attempt."""

_AFTER_FINAL = frozenset(
    {DeviceState.ROLLED_BACK, DeviceState.SAFETY_EVENT, DeviceState.RETIRED, DeviceState.VERIFIED}
)
"""What may still follow an ended attempt: a fallback, harm, leaving the field, late proof."""

_PROGRESS = {
    state: rank
    for rank, state in enumerate(
        (
            DeviceState.NOT_OFFERED,
            DeviceState.OFFERED,
            DeviceState.DOWNLOADING,
            DeviceState.DOWNLOADED,
            DeviceState.INSTALLING,
            DeviceState.INSTALLED_UNCONFIRMED,
        )
    )
}
"""Machine progress in order. States that wait on people may come and go between these."""


class Bucket(StrEnum):
    """The five parts that a coverage chart shows."""

    PROTECTED = "protected"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting_on_people"
    FAILED = "failed"
    NEVER = "will_not_be_patched"


def bucket(state: DeviceState) -> Bucket:
    """Say which part of the chart a state belongs to."""
    if state in COVERED:
        return Bucket.PROTECTED
    if state in FAILED or state is DeviceState.SAFETY_EVENT:
        return Bucket.FAILED
    if state in NEVER or state is DeviceState.RETIRED:
        return Bucket.NEVER
    return Bucket.IN_PROGRESS if state in _PROGRESS else Bucket.WAITING


def offered_state(method: Method) -> DeviceState:
    """Say where a device stands when its wave starts: offered to a machine, or told to people."""
    return DeviceState.OFFERED if method is Method.AUTOMATIC else DeviceState.NOTIFIED


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one device stands in one campaign. `sequence` is -1 until it reported anything."""

    state: DeviceState
    attempt: int = 1
    sequence: int = -1
    version: str | None = None
    code: str | None = None
    evidence: str | None = None
    verified_at: datetime | None = None

    @property
    def position(self) -> tuple[int, int]:
        """What later reports are compared with."""
        return self.attempt, self.sequence


def judge(standing: Standing, report: DeviceReported, target: str, now: datetime) -> Standing:
    """Give the standing after one report; the same standing where the report changes nothing.

    `target` is the version a covered device runs. A claim of VERIFIED without evidence, or with
    another version, is INSTALLED_UNCONFIRMED: shown, not counted.
    """
    if (report.attempt, report.sequence) <= standing.position:
        return standing
    state, code = _substantiated(report, target)
    if report.campaign is None:
        return _observed(standing, report, target, now)
    if report.attempt == standing.attempt and not _may_follow(standing.state, state):
        return standing
    return _moved(standing, report, state, code, now)


def fold(
    standing: Standing, reports: Iterable[DeviceReported], target: str, now: datetime
) -> Standing:
    """Apply several reports of one device in their own order."""
    for report in sorted(reports, key=lambda each: (each.attempt, each.sequence)):
        standing = judge(standing, report, target, now)
    return standing


def harmed(standing: Standing, reports: Iterable[DeviceReported]) -> bool:
    """Tell whether one of the reports is a safety event that this standing does not know yet."""
    return any(
        report.state is DeviceState.SAFETY_EVENT
        and (report.attempt, report.sequence) > standing.position
        for report in reports
    )


def _substantiated(report: DeviceReported, target: str) -> tuple[DeviceState, str | None]:
    if report.state is not DeviceState.VERIFIED:
        return report.state, report.code
    if report.version != target:
        return DeviceState.INSTALLED_UNCONFIRMED, "version_mismatch"
    if report.evidence not in EVIDENCE:
        return DeviceState.INSTALLED_UNCONFIRMED, "no_evidence"
    return DeviceState.VERIFIED, report.code


def _may_follow(before: DeviceState, after: DeviceState) -> bool:
    """Inside one attempt: forward only, and after its end just what may undo or prove it."""
    if before in {DeviceState.RETIRED, DeviceState.SAFETY_EVENT}:
        return after is DeviceState.RETIRED
    if before in FINAL:
        return after in _AFTER_FINAL
    if before in _PROGRESS and after in _PROGRESS:
        return _PROGRESS[after] >= _PROGRESS[before]
    return after is not DeviceState.NOT_OFFERED


def _observed(standing: Standing, report: DeviceReported, target: str, now: datetime) -> Standing:
    """Apply a bare version report, which belongs to no campaign.

    A covered device that is back on another version leaves coverage; an uncovered one that
    proves the target version enters it.
    """
    if standing.state in COVERED and report.version is not None and report.version != target:
        return _moved(standing, report, DeviceState.ROLLED_BACK, "version_regressed", now)
    proven = report.version == target and report.evidence in EVIDENCE
    if proven and standing.state not in COVERED | {DeviceState.RETIRED}:
        return _moved(standing, report, DeviceState.VERIFIED, None, now)
    return standing


def _moved(
    standing: Standing,
    report: DeviceReported,
    state: DeviceState,
    code: str | None,
    now: datetime,
) -> Standing:
    verified_at = now if state is DeviceState.VERIFIED else None
    if state in COVERED and standing.state in COVERED:
        verified_at = standing.verified_at or verified_at
    return replace(
        standing,
        state=state,
        attempt=report.attempt,
        sequence=report.sequence,
        version=report.version or standing.version,
        code=code,
        evidence=report.evidence_ref or report.evidence,
        verified_at=verified_at,
    )

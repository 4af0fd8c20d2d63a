"""Decides which wave a device is in, whether a wave may start, and when it must halt.

A device's place is a stable hash, so that raising a percentage only adds devices. Percentages are
cumulative over the waves of one method. The failure limit is judged on finished attempts with a
minimum sample: dividing by untouched devices would hide failures.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.campaigns import StopRules, WavePlan
from schemas.devices import Method

_WHOLE = 2**64
RULE_OF_THREE = 3.0
"""Zero events among n bound the rate below 3/n at 95 % (Hanley and Lippman-Hand, JAMA 1983)."""


class WaveState(StrEnum):
    """Where a wave stands."""

    PLANNED = "planned"
    REQUESTED = "requested"
    STARTED = "started"
    HALTED = "halted"
    COMPLETED = "completed"


class CampaignState(StrEnum):
    """Where a campaign stands."""

    PLANNED = "planned"
    RUNNING = "running"
    COMPLETED = "completed"
    ABORTED = "aborted"


class HaltRule(StrEnum):
    """Why a wave was halted."""

    FAILURE_RATE = "failure_rate"
    SAFETY_EVENT = "safety_event"
    GATE_REVOKED = "gate_revoked"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave as it stands. The baseline leaves out what a person accepted when resuming."""

    number: int
    state: WaveState
    method: Method | None = None
    request: str | None = None
    requested_by: str | None = None
    gate_passed: bool | None = None
    gate_valid_until: datetime | None = None
    halt_rule: HaltRule | None = None
    resume_reason: str | None = None
    baseline_failed: int = 0
    baseline_finished: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one wave: finished attempts, how many of them failed, and devices still open."""

    finished: int
    failed: int
    open: int


def place(campaign: str, device: str) -> float:
    """Place a device in [0, 100), the same for ever for the same campaign."""
    digest = hashlib.sha256(f"{campaign}/{device}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _WHOLE * 100


def wave_of(campaign: str, device: str, method: Method, plans: Sequence[WavePlan]) -> int:
    """Name the first wave whose method and share take the device in; 0 for none."""
    at = place(campaign, device)
    for plan in plans:
        if plan.method in (None, method) and at < plan.percent:
            return plan.wave
    return 0


def why_not_start(waves: Sequence[Wave], number: int) -> str | None:
    """Say why a wave cannot be asked for; None where it can."""
    wave = next((each for each in waves if each.number == number), None)
    if wave is None:
        return f"there is no wave {number}; the waves are {', '.join(str(w.number) for w in waves)}"
    if wave.state is WaveState.REQUESTED:
        return f"wave {number} was asked for already; its gates have not answered yet"
    if wave.state is not WaveState.PLANNED:
        return f"wave {number} is {wave.state}"
    waiting = [
        each
        for each in waves
        if each.number < number
        and (wave.method is None or each.method in (None, wave.method))
        and each.state in (WaveState.PLANNED, WaveState.REQUESTED, WaveState.HALTED)
    ]
    if waiting:
        return f"wave {waiting[0].number} comes first and is {waiting[0].state}"
    return None


def must_halt(wave: Wave, tally: Tally, rules: StopRules) -> str | None:
    """Say why a running wave must halt for its failures; None where it may go on."""
    if wave.state is not WaveState.STARTED:
        return None
    finished = tally.finished - wave.baseline_finished
    failed = tally.failed - wave.baseline_failed
    if finished < rules.minimum_finished or failed <= 0:
        return None
    percent = failed / finished * 100
    if percent <= rules.failure_percent:
        return None
    return (
        f"{failed} of {finished} finished attempts failed ({percent:.1f} %); "
        f"the limit is {rules.failure_percent:g} % from {rules.minimum_finished} finished"
    )


class GateStep(StrEnum):
    """What a gate answer does to the wave that asked."""

    START = "start"
    RESUME = "resume"
    REFUSE = "refuse"
    HALT = "halt"
    NOTHING = "nothing"


def on_answer(wave: Wave, *, passed: bool, valid_until: datetime | None, now: datetime) -> GateStep:
    """Decide what an answer to this wave's own request does.

    A wave starts, or a halted one that asked again goes on, only on its own unexpired answer; a
    later negative answer halts a running one.
    """
    holds = passed and (valid_until is None or valid_until > now)
    if wave.state is WaveState.REQUESTED:
        return GateStep.START if holds else GateStep.REFUSE
    if wave.state is WaveState.HALTED and wave.resume_reason and wave.gate_passed is None:
        return GateStep.RESUME if holds else GateStep.REFUSE
    if wave.state is WaveState.STARTED and not passed:
        return GateStep.HALT
    return GateStep.NOTHING


def detectable_percent(devices: int) -> float | None:
    """Give the rate that a wave without any event of a kind bounds it by, in percent (3/n)."""
    return None if devices == 0 else RULE_OF_THREE / devices * 100

"""Which wave a device is in, when a wave may start, when it must halt."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.campaigns import StopRules, WavePlan
from schemas.devices import DeviceState, Method
from services.deployment_tracker.domain.coverage import Cell, coverage, deltas
from services.deployment_tracker.domain.waves import (
    GateStep,
    Tally,
    Wave,
    WaveState,
    detectable_percent,
    must_halt,
    on_answer,
    place,
    wave_of,
    why_not_start,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULES = StopRules(failure_percent=2, minimum_finished=20)


def plan(*percents: float, method: Method | None = None) -> list[WavePlan]:
    return [
        WavePlan(wave=number, method=method, percent=percent, devices=0)
        for number, percent in enumerate(percents, 1)
    ]


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_device_has_one_place_in_a_campaign(campaign: str, device: str) -> None:
    assert place(campaign, device) == place(campaign, device)
    assert 0 <= place(campaign, device) < 100


@given(st.text(min_size=1), st.floats(1, 50), st.floats(51, 100))
def test_raising_a_share_only_adds_devices(device: str, low: float, high: float) -> None:
    if wave_of("c", device, Method.AUTOMATIC, plan(low)):
        assert wave_of("c", device, Method.AUTOMATIC, plan(high)) == 1


def test_a_last_wave_of_the_whole_takes_every_device_in() -> None:
    numbers = [wave_of("c", f"d{n}", Method.MANUAL, plan(1, 25, 100)) for n in range(4000)]
    assert set(numbers) == {1, 2, 3}
    assert 20 < numbers.count(1) < 70
    assert 860 < numbers.count(2) < 1060


def test_a_wave_of_another_method_takes_no_device_in() -> None:
    assert wave_of("c", "d", Method.PHYSICAL, plan(100, method=Method.AUTOMATIC)) == 0


def test_waves_of_a_method_start_in_order() -> None:
    waves = [Wave(1, WaveState.PLANNED), Wave(2, WaveState.PLANNED)]
    assert why_not_start(waves, 1) is None
    assert why_not_start(waves, 2) == "wave 1 comes first and is planned"
    assert why_not_start(waves, 3) == "there is no wave 3; the waves are 1, 2"


def test_a_wave_does_not_wait_for_another_methods_wave() -> None:
    waves = [
        Wave(1, WaveState.HALTED, Method.AUTOMATIC),
        Wave(2, WaveState.PLANNED, Method.PHYSICAL),
    ]
    assert why_not_start(waves, 2) is None


def test_a_wave_halts_over_the_limit_of_finished_attempts_and_not_before_the_sample() -> None:
    running = Wave(1, WaveState.STARTED)
    assert must_halt(running, Tally(19, 19, 5000), RULES) is None
    assert must_halt(running, Tally(100, 2, 5000), RULES) is None
    because = must_halt(running, Tally(100, 3, 5000), RULES)
    assert because is not None
    assert "3 of 100 finished attempts failed (3.0 %)" in because


def test_failures_that_a_person_accepted_do_not_halt_a_wave_again() -> None:
    resumed = Wave(1, WaveState.STARTED, baseline_failed=3, baseline_finished=100)
    assert must_halt(resumed, Tally(119, 3, 0), RULES) is None
    assert must_halt(resumed, Tally(120, 4, 0), RULES) is not None


@pytest.mark.parametrize(
    ("wave", "passed", "valid", "step"),
    [
        (Wave(1, WaveState.REQUESTED), True, timedelta(hours=1), GateStep.START),
        (Wave(1, WaveState.REQUESTED), True, -timedelta(seconds=1), GateStep.REFUSE),
        (Wave(1, WaveState.REQUESTED), False, None, GateStep.REFUSE),
        (Wave(1, WaveState.STARTED), False, None, GateStep.HALT),
        (Wave(1, WaveState.STARTED), True, None, GateStep.NOTHING),
        (Wave(1, WaveState.PLANNED), True, None, GateStep.NOTHING),
        (Wave(1, WaveState.HALTED, resume_reason="mended"), True, None, GateStep.RESUME),
        (Wave(1, WaveState.HALTED), True, None, GateStep.NOTHING),
        (Wave(1, WaveState.COMPLETED), False, None, GateStep.NOTHING),
    ],
)
def test_a_wave_moves_only_on_its_own_unexpired_answer(
    wave: Wave, passed: bool, valid: timedelta | None, step: GateStep
) -> None:
    until = None if valid is None else NOW + valid
    assert on_answer(wave, passed=passed, valid_until=until, now=NOW) is step


def test_a_wave_says_which_rate_it_is_able_to_see() -> None:
    assert detectable_percent(4650) == pytest.approx(0.0645, abs=1e-4)
    assert detectable_percent(0) is None


def test_retired_devices_leave_the_denominator_and_declined_ones_stay() -> None:
    counted = coverage(
        {DeviceState.VERIFIED: 90, DeviceState.DECLINED: 10, DeviceState.RETIRED: 50}
    )
    assert (counted.total, counted.covered, counted.share) == (100, 90, 0.9)


def test_coverage_of_nothing_has_no_share() -> None:
    assert coverage({DeviceState.RETIRED: 3}).share is None


CELL = Cell("c", "p", "1", "", "DE", Method.AUTOMATIC, 1)


@given(st.lists(st.sampled_from(sorted(DeviceState)), min_size=1, max_size=20))
def test_the_sum_of_changes_is_the_count_at_the_end(path: list[DeviceState]) -> None:
    moves = [(CELL, before, after) for before, after in zip([None, *path], path, strict=False)]
    assert [(change.state, change.n) for change in deltas(moves)] == [(path[-1], 1)]

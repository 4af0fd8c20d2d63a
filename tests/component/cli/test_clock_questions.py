"""Questions about clocks as people type them: why, who knew what, what if, and what was shown."""

from datetime import UTC, datetime, timedelta

import pytest

from deploy.demo.acts.plot import GATEWAY
from tests.component.cli.conftest import clock_of
from tests.component.cli.machine import Machine

pytestmark = pytest.mark.stack


def test_explain_says_how_a_clock_is_counted_and_why_others_did_not_start(
    machine: Machine, assessed: str
) -> None:
    found = machine.json("clock", "explain", assessed)
    mine = {each["rule"]: each for each in found["rules"] if each["product"] == GATEWAY}
    assert mine["cra.aev.early_warning"]["reasoning"]
    assert mine["cra.aev.final"]["state"] == "awaiting_anchor"
    assert all(each["why_not"] for each in found["rules"] if each["clock"] is None)
    told = machine("clock", "explain", assessed).out
    assert "cra.aev.early_warning" in told
    assert "elapsed seconds: no daylight saving time" in told


def test_awareness_prints_the_argument_with_its_evidence(machine: Machine, assessed: str) -> None:
    told = machine("clock", "awareness", assessed).out
    assert "hospital-north-2026-001" in told
    assert "nobody has set awareness under this regime" in told


def test_what_if_shows_the_moves_and_moves_nothing(machine: Machine, assessed: str) -> None:
    before = clock_of(machine, assessed, "early_warning")
    earlier = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    supposed = ("--set", f"aware_at={earlier}", "--product", GATEWAY)
    found = machine.json("clock", "what-if", assessed, *supposed)
    assert "cra.aev.notification" in {each["after"]["rule"] for each in found["moved"]}
    assert "moved-earlier" in machine("clock", "what-if", assessed, *supposed).out
    after = clock_of(machine, assessed, "early_warning")
    assert after["due_operational"] == before["due_operational"]


def test_what_if_without_a_supposition_says_what_to_give(machine: Machine, assessed: str) -> None:
    said = machine("clock", "what-if", assessed, status=2)
    assert "nothing is supposed" in said.err
    said = machine("clock", "what-if", assessed, "--set", "filed_at=now", status=2)
    assert "aware_at, measure_available_at, initiated_at" in said.err


def test_a_clock_is_shown_as_it_was_at_an_instant(machine: Machine, assessed: str) -> None:
    clock = clock_of(machine, assessed, "early_warning")
    shown = machine.json("clock", "show", clock["clock"])
    then = shown["history"][0]["at"]
    was = machine.json("clock", "show", clock["clock"], "--as-of", then)
    assert (was["state"], len(was["history"])) == ("provisional", 1)
    assert machine.json("clock", "ls", "--case", assessed, "--as-of", "2020-01-01T00:00:00Z") == []

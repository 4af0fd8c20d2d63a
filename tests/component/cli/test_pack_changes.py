"""Packs changed as people type it: preview, propose, approve by another person, reject."""

import importlib.resources
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.component.cli.conftest import clock_of
from tests.component.cli.machine import Machine

pytestmark = pytest.mark.stack

PACKS = importlib.resources.files("services.deadline_clock") / "packs"
CRA = (PACKS / "cra.yaml").read_text("utf-8")


def file(folder: Path, number: int, text: str = CRA) -> Path:
    """A version of the pack in which the notification has six hours more."""
    made = folder / "cra.yaml"
    text = text.replace("2026.11.25", f"2026.12.{number}", 1)
    made.write_text(text.replace("period: 72\n", "period: 78\n", 1))
    return made


def test_a_pack_is_previewed_proposed_and_approved_by_another_person(
    machine: Machine, assessed: str, tmp_path: Path
) -> None:
    ours = file(tmp_path, 1)
    before = clock_of(machine, assessed, "notification")
    assert machine.json("pack", "lint", ours)["holds"]
    preview = machine.json("pack", "diff", ours)
    moved = {each["after"]["clock"]: each for each in preview["moved"]}
    made = machine.json("pack", "apply", ours, "--as", "regulatory")
    waiting = machine("pack", "proposals").out
    assert made["pack"] in waiting

    refused = machine("pack", "approve", made["proposal"], "--as", "regulatory", status=None)
    assert refused.status != 0
    assert "another person has to approve it" in refused.err
    assert machine.json("pack", "diff", made["proposal"])["moved"]

    done = machine.json("pack", "approve", made["proposal"], "--as", "quality")
    assert (done["state"], done["moved_at"] is not None) == ("approved", True)
    after = clock_of(machine, assessed, "notification")
    wanted = datetime.fromisoformat(before["due_operational"]) + timedelta(hours=6)
    assert datetime.fromisoformat(after["due_operational"]) == wanted
    assert moved[after["clock"]]["after"]["due_operational"] == after["due_operational"]
    history = machine.json("clock", "show", after["clock"])["history"]
    assert "proposed by regulatory, approved by quality" in history[-1]["because"]
    listed = {each["id"]: each for each in machine.json("pack", "ls")}
    assert (listed["cra"]["origin"], listed["cra"]["approved_by"]) == ("applied", "quality")
    assert listed["cra"]["beneath"].startswith("cra@")
    assert listed["nis2"]["origin"] == "packaged"


def test_a_bad_pack_is_refused_with_its_line_and_the_running_one_stays(
    machine: Machine, tmp_path: Path
) -> None:
    before = machine.json("pack", "show", "cra")
    bad = file(tmp_path, 2, CRA.replace("unit: hour", "unit: fortnight", 1))
    said = machine("pack", "apply", bad, "--as", "regulatory", status=1)
    assert "cra.yaml:" in said.err
    assert "take one of" in said.err
    assert machine.json("pack", "show", "cra") == before


def test_lint_asks_the_fleet_for_the_clocks_that_rest_on_a_rule(
    machine: Machine, assessed: str, tmp_path: Path
) -> None:
    head, rule, rest = CRA.partition("- id: cra.aev.notification")
    text = head + rule + rest.replace("status: in_force", "status: repealed", 1)
    repealed = file(tmp_path, 3, text)
    assert clock_of(machine, assessed, "notification")["state"] == "running"
    said = machine("pack", "lint", repealed, status=1)
    assert "on rule cra.aev.notification, which would start clocks no more" in said.err
    assert machine.json("pack", "lint", repealed, "--local")["holds"]


def test_a_proposal_is_rejected_with_its_reason(machine: Machine, tmp_path: Path) -> None:
    made = machine.json("pack", "apply", file(tmp_path, 4), "--as", "regulatory")
    because = ("--because", "the period is wrong")
    machine("pack", "reject", made["proposal"], *because, "--as", "quality")
    settled = {each["proposal"]: each for each in machine.json("pack", "proposals", "--all")}
    assert settled[made["proposal"]]["reason"] == "the period is wrong"
    assert machine.json("pack", "proposals") == []


def test_a_preview_of_what_is_neither_file_nor_proposal_says_what_to_give(
    machine: Machine,
) -> None:
    said = machine("pack", "diff", "nothing.yaml", status=1)
    assert "the number of a proposal" in said.err

"""`clock due` and `pack` without a fleet: this installation's packs, and files given to them."""

import importlib.resources
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.cli.main import commands

Run = Callable[..., Result]

PACKS = importlib.resources.files("services.deadline_clock") / "packs"
CRA = (PACKS / "cra.yaml").read_text("utf-8")
STEPS = (PACKS / "escalation.yaml").read_text("utf-8")
UNIT = CRA[: CRA.index("unit: hour")].count("\n") + 1
FRIDAY = "2026-11-20T16:42:10+01:00"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command where no fleet runs."""
    for variable in ("PATCHVIGIL_DEADLINE_CLOCK_URL", "PATCHVIGIL_TOKEN", "PATCHVIGIL_PRINCIPAL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATCHVIGIL_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(commands, arguments)


def answer(done: Result) -> Any:
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def changed(text: str, wrong: str, right: str) -> str:
    assert wrong in text
    return text.replace(wrong, right)


def newer(text: str) -> str:
    return text.replace("2026.11.25", "2026.12.1", 1)


def test_due_counts_without_a_fleet_and_says_rule_pack_anchor_and_both_deadlines(run: Run) -> None:
    told = answer(run("clock", "due", "cra.aev.early_warning", "--anchor", FRIDAY, "--json"))
    assert list(told)[:5] == ["rule", "pack", "anchor", "due_operational", "due_legal_outer"]
    assert told["pack"].startswith("cra@")
    assert (told["anchor"], told["due_operational"], told["due_legal_outer"]) == (
        "2026-11-20T15:42:10Z", "2026-11-21T15:42:10Z", "2026-11-21T16:00:00Z",
    )  # fmt: skip
    assert len(told["reasoning"]) > 3


def test_due_tells_a_person_the_steps_what_stands_beside_and_what_is_open(run: Run) -> None:
    done = run("clock", "due", "mdr.public_health_threat", "--anchor", FRIDAY, "--country", "BE")
    assert done.exit_code == 0
    assert "confidence   " in done.stdout
    for title in ("how", "beside it", "open"):
        assert f"\n{title}\n  1. " in done.stdout


def test_due_takes_a_zone_and_a_country(run: Run) -> None:
    anchor = "2026-12-11T10:00:00+01:00"
    arguments = ("--zone", "Europe/Berlin", "--country", "DE", "--json")
    told = answer(run("clock", "due", "mdr.serious_incident", "--anchor", anchor, *arguments))
    assert told["due_operational"] == "2026-12-26T22:59:59Z"
    assert told["due_legal_outer"] == "2026-12-28T22:59:59Z"


def test_due_chooses_the_anchor_from_facts_and_waits_where_it_is_not_known(run: Run) -> None:
    told = answer(run("clock", "due", "cra.aev.final", "--fact", f"aware_at={FRIDAY}", "--json"))
    assert (told["state"], told["due_operational"]) == ("awaiting_anchor", None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cra.aev.final", "--anchor", "2026-11-28"), "has no zone"),
        (("cra.aev.final", "--anchor", "2026-11-28T09:00:00"), "has no zone"),
        (("cra.aev.final", "--anchor", "tomorrow"), "is no instant"),
        (("cra.aev.final",), "nothing to count from"),
        (("cra.aev.finl", "--anchor", FRIDAY), "is it cra.aev.final"),
        (("cra.aev.final", "--anchor", FRIDAY, "--country", "NO"), "NO is no Member State"),
        (("cra.aev.final", "--anchor", FRIDAY, "--zone", "Brussels"), "there is no time zone"),
        (("us806.report", "--anchor", FRIDAY, "--zone", "UTC"), "counted in America/New_York"),
        (("cra.aev.final", "--fact", "aware=now"), "holds no instant"),
    ],
)
def test_due_refuses_what_cannot_be_counted_with_the_mend(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    done = run("clock", "due", *arguments)
    assert done.exit_code in {1, 2}
    assert said in done.stderr
    assert "mend: " in done.stderr


def test_ls_and_show_read_this_installations_packs_where_no_fleet_runs(run: Run) -> None:
    listed = {each["id"]: each for each in answer(run("pack", "ls", "--json"))}
    assert {"cra", "us-postmarket-2016", "escalation", "proposed"} <= set(listed)
    assert listed["proposed"]["firing"] == 0
    shown = answer(run("pack", "show", "us-806", "--json"))
    rule = shown["content"][0]
    assert (rule["id"], rule["confidence"], rule["started"]) == ("us806.report", "verified", True)
    assert shown["calendars"]["edition"] == "2026.11"


def test_show_tells_a_person_what_is_open_and_how_sure_we_are(run: Run) -> None:
    done = run("pack", "show", "us-806")
    assert "open: nobody has settled these" in done.stdout
    assert "confidence" in done.stdout


def test_show_of_the_escalation_policy_tells_its_chains(run: Run) -> None:
    assert "law-24h" in run("pack", "show", "escalation").stdout


def test_show_of_a_pack_that_there_is_not_is_refused(run: Run) -> None:
    done = run("pack", "show", "gdpr")
    assert (done.exit_code, "there is no pack gdpr" in done.stderr) == (1, True)


def test_lint_takes_a_pack_that_holds(run: Run) -> None:
    Path("ours.yaml").write_text(newer(CRA))
    told = answer(run("pack", "lint", "ours.yaml", "--json"))
    assert (told["pack"], told["holds"]) == ("cra@2026.12.1", True)
    Path("steps.yaml").write_text(STEPS)
    assert answer(run("pack", "lint", "steps.yaml", "--json"))["pack"].startswith("escalation@")


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("unit: hour", "unit: fortnight", f"ours.yaml:{UNIT} rule cra.aev.early_warning"),
        ("anchor_rule: cra.si.notification", "anchor_rule: cra.si.final", "a circle"),
        ("    authority: Reg", "    authorities: Reg", '"authority" is a required property'),
        ("template: srp-aev-final", "template: srp", "template: srp is no template"),
        ("status: in_force", "status: policy", "rules/0/status"),
        ("from_filing_of: cra.si.early_warning", "from_filing_of: cra.si.warning",
         "no pack holds a rule cra.si.warning"),
        ("id: cra.aev.final", "id: nis2.final", "is also in"),
    ],
)  # fmt: skip
def test_lint_refuses_a_bad_pack_with_its_place_and_its_mend(
    run: Run, wrong: str, right: str, said: str
) -> None:
    text = changed(newer(CRA), wrong, right)
    if wrong.startswith("id:"):
        text = (
            text.replace("rules: [cra.aev.final]", "rules: [nis2.final]")
            .replace("cra.aev.notification, cra.aev.final", "cra.aev.notification, nis2.final")
            .replace("      - cra.aev.final", "      - nis2.final")
        )
    Path("ours.yaml").write_text(text)
    done = run("pack", "lint", "ours.yaml")
    assert done.exit_code == 1
    assert said in done.stderr
    assert "mend: " in done.stderr


def test_lint_refuses_another_text_under_a_version_that_is_in_force(run: Run) -> None:
    Path("ours.yaml").write_text(CRA + "# a word more\n")
    done = run("pack", "lint", "ours.yaml")
    assert (done.exit_code, "give the changed text a new version" in done.stderr) == (1, True)


def test_lint_refuses_what_is_no_text(run: Run) -> None:
    Path("ours.yaml").write_bytes(b"\xff\xfe\x00")
    done = run("pack", "lint", "ours.yaml")
    assert (done.exit_code, "save it as UTF-8" in done.stderr) == (1, True)


def test_after_a_refusal_the_packs_in_force_are_what_they_were(run: Run) -> None:
    before = answer(run("pack", "show", "cra", "--json"))
    Path("cra.yaml").write_text(CRA.replace("unit: hour", "unit: fortnight"))
    assert run("pack", "lint", "cra.yaml").exit_code == 1
    assert answer(run("pack", "show", "cra", "--json")) == before


def test_diff_tells_fields_and_which_way_deadlines_would_move(run: Run) -> None:
    Path("ours.yaml").write_text(changed(newer(CRA), "period: 24\n", "period: 20\n"))
    told = answer(run("pack", "diff", "cra", "ours.yaml", "--json"))
    assert (told["before"].split("@")[0], told["after"]) == ("cra", "cra@2026.12.1")
    assert {"rule": "cra.aev.early_warning", "moves": "earlier"} in told["movements"]
    assert "what differs" in run("pack", "diff", "cra", "ours.yaml").stdout


@pytest.mark.parametrize(
    ("other", "words"),
    [("no-such-pack", "there is no no-such-pack"), ("escalation", "`pack diff FILE`")],
)
def test_diff_refuses_what_has_no_rules(run: Run, other: str, words: str) -> None:
    done = run("pack", "diff", "cra", other)
    assert (done.exit_code, words in done.stderr) == (1, True)


def test_an_installation_without_the_reader_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise ModuleNotFoundError("No module named 'jsonschema_rs'", name="jsonschema_rs")

    monkeypatch.setattr("services.cli.one_shot.packs._Reader", missing)
    done = run("clock", "due", "cra.aev.final", "--anchor", FRIDAY)
    assert done.exit_code == 1
    assert "it needs jsonschema_rs" in done.stderr
    assert "patchvigil[deadline-clock]" in done.stderr

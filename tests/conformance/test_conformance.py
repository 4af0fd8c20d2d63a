"""The cases hold together, the runner scores by them, and `clock due` answers every one."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.main import commands
from services.deadline_clock.domain.anchoring import KNOWN
from services.deadline_clock.library import library
from tests.conformance.__main__ import main
from tests.conformance.asking import TemplateError, checked, filled
from tests.conformance.cases import FIELDS, Case, cases, judged

OURS = ("clock", "due", "{rule}", "--fact={fact}", "--zone", "{zone}", "--country", "{country}",
        "--local", "--json")  # fmt: skip
NAMES = {each: each for each in FIELDS}
PYTHON = (sys.executable, "-c")


def case(name: str) -> Case:
    return next(each for each in cases() if each.id == name)


@pytest.mark.parametrize("each", cases(), ids=lambda each: each.id)
def test_clock_due_gives_both_deadlines_of_every_case(each: Case) -> None:
    arguments = filled(OURS, each, None)
    assert arguments is not None
    done = CliRunner().invoke(commands, arguments)
    assert done.exit_code == 0, done.output
    assert judged(each, done.stdout, NAMES).right == frozenset(FIELDS)
    assert json.loads(done.stdout)["runs_from"] == each.runs_from


def test_the_command_scores_a_hundred_percent_in_processes_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen = ("golden-03", "golden-05", "golden-11", "golden-15", "trap-si-from-72")
    options = [part for name in chosen for part in ("--case", name)]
    command = str(Path(sys.executable).with_name("patchvigil"))
    assert main([*options, command, *OURS]) == 0
    assert "score             10 of   10   100.0 %" in capsys.readouterr().out


def test_names_are_unique_and_every_case_gives_its_law() -> None:
    assert len({each.id for each in cases()}) == len(cases())
    assert all(each.law for each in cases())


def test_every_case_is_about_a_rule_and_facts_that_there_are() -> None:
    for each in cases():
        assert library().book.rule(each.rule) is not None
        assert set(each.facts) <= KNOWN


def test_no_case_puts_the_operational_deadline_after_the_laws() -> None:
    for each in cases():
        if each.due_operational is not None and each.due_legal_outer is not None:
            assert each.due_operational <= each.due_legal_outer


def test_every_member_state_has_cases_of_its_own() -> None:
    countries = [each.country for each in cases() if each.group == "member_states"]
    assert len(set(countries)) == 27
    assert len(countries) == 54


def test_the_page_says_how_many_cases_there_are_and_names_every_group() -> None:
    page = Path(__file__).with_name("README.md").read_text("utf-8")
    assert f"\n{len(cases())} cases of regulatory clocks" in page
    for group in {each.group for each in cases()}:
        assert f"`{group}`" in page


@pytest.mark.parametrize(
    ("name", "trap"),
    [(each.id, trap) for each in cases() for trap in each.wrong],
)
def test_a_known_wrong_reading_scores_less_and_is_told_by_its_name(name: str, trap: str) -> None:
    found = case(name)
    answer = {"due_operational": found.wrong[trap], "due_legal_outer": found.due_legal_outer}
    verdict = judged(found, json.dumps(answer), NAMES)
    assert "due_operational" not in verdict.right
    assert "as if: " in verdict.said


def test_an_instant_is_compared_as_such_however_it_is_written() -> None:
    answer = {
        "due": {"at": "2026-11-21T16:42:10+01:00"}, "law": "2026-11-21T17:00:00+01:00",
    }  # fmt: skip
    names = {"due_operational": "due.at", "due_legal_outer": "law"}
    assert judged(case("golden-01"), json.dumps(answer), names).right == frozenset(FIELDS)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("nonsense", "no JSON"),
        ("[]", "no JSON object"),
        ('{"due_operational": "soon"}', "is no instant"),
        ('{"due_operational": "2026-11-21T15:42:10"}', "has no zone"),
        ("{}", "due_operational: None"),
    ],
)
def test_an_answer_that_cannot_be_read_scores_nothing_and_says_why(output: str, said: str) -> None:
    verdict = judged(case("golden-01"), output, NAMES)
    assert (verdict.right, said in verdict.said) == (frozenset(), True)


def test_a_tool_that_starts_everything_from_awareness_is_found_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    script = (
        "import json, sys; from datetime import datetime, timedelta\n"
        "facts = dict(each.split('=') for each in sys.argv[1:])\n"
        "due = datetime.fromisoformat(facts['aware_at']) + timedelta(days=14)\n"
        "print(json.dumps({'due_operational': due.isoformat()}))"
    )
    chosen = ["--case", "trap-final-from-awareness"]
    assert main([*chosen, *PYTHON, script, "{fact}", "rule={rule}"]) == 1
    assert "as if: from awareness" in capsys.readouterr().out


def test_a_rule_that_is_not_translated_is_not_offered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tmp_path / "rules.yaml"
    names.write_text("cra.aev.early_warning: ew\n", "utf-8")
    arguments = ["--rules", str(names), "--case", "golden-02", "--json", "true", "{rule}"]
    assert main(arguments) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["points"], told["of"], told["cases"][0]["said"]) == (0, 2, "not offered")


def test_a_command_that_fails_or_is_not_there_scores_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--case", "golden-01", "false", "{rule}"]) == 1
    assert main(["--case", "golden-01", "no-such-command", "{rule}"]) == 1
    told = capsys.readouterr().out
    assert "exit status 1" in told
    assert "no answer" in told


def test_a_tool_that_takes_an_anchor_only_cannot_be_asked_where_there_is_none() -> None:
    assert filled(["due", "{rule}", "{anchor}"], case("golden-05"), None) is None
    assert filled(["due", "{rule}", "{anchor}"], case("golden-01"), None) == [
        "due", "cra.aev.early_warning", "2026-11-20T15:42:10Z",
    ]  # fmt: skip


def test_each_fact_is_an_argument_of_its_own() -> None:
    given = filled(["due", "{rule}", "--fact={fact}"], case("golden-05"), None)
    assert given == ["due", "cra.aev.final", "--fact=aware_at=2026-11-20T10:00:00Z"]


@pytest.mark.parametrize(
    ("template", "said"), [(["due", "{rul}"], "no placeholder"), (["due"], "asks about no rule")]
)
def test_a_template_that_cannot_be_filled_is_refused(template: list[str], said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        checked(template)
    assert main(template) == 2


def test_choosing_no_case_at_all_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--case", "golden-99", "true", "{rule}"]) == 2
    assert "no case is chosen" in capsys.readouterr().err

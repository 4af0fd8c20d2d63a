"""The command line without a fleet: its help, its choices, wrong usage, completion."""

import enum
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from schemas.cases import Category, ExploitationVerdict, MeasureKind
from schemas.clocks import ClockMode, ClockState
from schemas.devices import DeviceState
from schemas.findings import FindingKind, Verdict
from schemas.signals import Harm
from schemas.topics import SERVICES
from services.cli import words
from services.cli.lazy import Entry, LazyGroup
from services.cli.main import commands
from services.deployment_tracker.domain.waves import CampaignState
from services.intake.views import StatusName
from services.notification.http.alerts import State
from services.triage.domain.casefile import CaseStatus
from services.triage.domain.closing import Outcome
from services.triage.http.acts import IncidentIn

PROGRAM = Path(sys.executable).with_name("patchvigil")
NOUNS = """
up down status doctor reconcile submit submission product entity site contact device
vulnerability match sbom versions
where finding case clock pack draft filing notice request alert drill oncall signer release campaign
coverage tail quarantine setback topics audit
"""
HEAVY = {
    "httpx",
    "aiokafka",
    "confluent_kafka",
    "pydantic",
    "schemas",
    "fastapi",
    "yaml",
    "asyncpg",
}


def walk(command: Any, name: str = "patchvigil") -> Iterator[tuple[str, Any]]:
    """Go through every command and group."""
    yield name, command
    verbs = LazyGroup.TABLE if name == "patchvigil" else getattr(command, "commands", {})
    for verb in verbs:
        yield from walk(command.get_command(None, verb), f"{name} {verb}")


EVERY = dict(walk(get_command(commands)))


def test_the_whole_command_line_is_there() -> None:
    nouns = {name.split()[1] for name in EVERY if " " in name}
    assert nouns == set(NOUNS.split())
    for verb in ["ls", "show", "timeline", "assess", "decide", "measure", "evidence", "close"]:
        assert f"patchvigil case {verb}" in EVERY


@pytest.mark.parametrize("name", EVERY)
def test_every_command_and_every_option_of_it_says_what_it_does(name: str) -> None:
    command = EVERY[name]
    assert command.help, name
    for each in command.params:
        assert each.help, f"{name}: {each.name}"


@pytest.mark.parametrize("name", [name for name in EVERY if not hasattr(EVERY[name], "commands")])
def test_every_command_has_json(name: str) -> None:
    assert "--json" in {option for each in EVERY[name].params for option in each.opts}


def test_the_table_of_commands_says_of_groups_what_they_say_themselves() -> None:
    for name, entry in LazyGroup.TABLE.items():
        command = EVERY[f"patchvigil {name}"]
        if hasattr(command, "commands"):
            assert command.help == entry.line


def test_the_version_is_the_installed_one() -> None:
    said = CliRunner().invoke(commands, ["--version"])
    assert (said.exit_code, said.output) == (0, f"patchvigil {version('patchvigil')}\n")


def test_an_installation_without_the_readers_of_formats_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bom.json").write_text("{}")
    monkeypatch.setattr(Entry, "load", _lacks_a_module)
    said = CliRunner().invoke(commands, ["sbom", "check", str(tmp_path / "bom.json")])
    assert said.exit_code == 1
    assert "the module jsonschema_rs is not installed" in said.output
    assert "patchvigil[intake]" in said.output


def _lacks_a_module(_entry: Entry, _name: str) -> None:
    raise ModuleNotFoundError("No module named 'jsonschema_rs'", name="jsonschema_rs")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv[1:] = ['--help']\n"
        "from services.cli.main import app\n"
        "try: app()\n"
        "except SystemExit: print('\\nloaded', *sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    text, _, loaded = said.partition("\nloaded ")
    assert "quarantine" in text
    assert set(loaded.split()) & HEAVY == set()


def test_completion_offers_commands_and_choices() -> None:
    assert {"case", "clock", "campaign"} <= set(_completed("patchvigil c"))
    assert _completed("patchvigil case asse") == ["assess"]
    assert set(_completed("patchvigil finding ls --verdict ")) == {each.value for each in Verdict}
    assert _completed("patchvigil tail cov") == ["coverage"]


def _completed(line: str) -> list[str]:
    words_ = line.split(" ")
    environment = {
        **os.environ, "_PATCHVIGIL_COMPLETE": "complete_bash", "COMP_WORDS": line,
        "COMP_CWORD": str(len(words_) - 1),
    }  # fmt: skip
    return subprocess.run(
        [PROGRAM], capture_output=True, text=True, check=True, env=environment
    ).stdout.split()


@pytest.mark.parametrize(
    "line",
    [
        "nothing-of-the-kind",
        "case show",
        "case ls --status dead",
        "clock ls --state stopped",
        "coverage watch c --until 2",
        "campaign start c zero",
        "submit /no/such/file",
        "case evidence add PV-1 --gate g --measure m --reference r",
        "draft fill d colour",
        "draft fill d",
    ],
)
def test_wrong_usage_exits_2_and_says_so_on_stderr(line: str) -> None:
    result = CliRunner().invoke(commands, line.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


@pytest.mark.parametrize(
    ("choices", "true"),
    [
        (words.Verdict, Verdict),
        (words.FindingKind, FindingKind),
        (words.CaseStatus, CaseStatus),
        (words.Exploitation, ExploitationVerdict),
        (words.CloseAs, Outcome),
        (words.MeasureKind, MeasureKind),
        (words.Category, Category),
        (words.ClockState, ClockState),
        (words.ClockMode, ClockMode),
        (words.AlertState, State),
        (words.CampaignState, CampaignState),
        (words.DeviceState, DeviceState),
        (words.SubmissionStatus, StatusName),
        (words.IncidentRegime, IncidentIn.model_fields["regime"].annotation),
        (words.Harm, Harm),
    ],
)
def test_choices_are_those_of_the_services(choices: Any, true: Any) -> None:
    is_enum = isinstance(true, type) and issubclass(true, enum.Enum)
    values = [each.value for each in true] if is_enum else get_args(true)
    assert set(get_args(choices)) == set(values)


def test_services_are_those_of_the_contract() -> None:
    assert get_args(words.Service) == SERVICES


def test_a_command_that_is_misspelt_leads_to_the_one_that_is_meant() -> None:
    for line, meant in (("cas ls", "'case'"), ("case shwo", "'show'")):
        result = CliRunner().invoke(commands, line.split())
        assert result.exit_code == 2
        assert f"Did you mean {meant}" in result.stderr


def test_the_help_of_a_group_says_whole_sentences() -> None:
    text = CliRunner().invoke(commands, ["case", "--help"], env={"COLUMNS": "80"}).stdout
    assert "..." not in text.partition("Commands:")[2]
    assert "and who did" in text

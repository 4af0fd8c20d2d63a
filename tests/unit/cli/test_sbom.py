"""`patchvigil sbom`: quality, changes, accuracy and the three channels, with no service running."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.cli.main import commands

Run = Callable[..., Result]


def component(name: str, version: str = "1.0", **more: Any) -> dict[str, Any]:
    return {
        "type": "library", "bom-ref": name, "name": name, "version": version,
        "supplier": {"name": "Example"}, "purl": f"pkg:npm/{name}@{version}",
        "properties": [{"name": "Level of Support", "value": "Actively maintained"},
                       {"name": "End-of-Support", "value": "2000-01-01"}], **more,
    }  # fmt: skip


def bom(*components: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    refs = ["pump", *(each["bom-ref"] for each in components)]
    product = {"type": "device", "bom-ref": "pump", "name": "Pump", "version": "2.0"}
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "metadata": {"timestamp": "2026-01-01T00:00:00Z", "authors": [{"name": "A. Person"}],
                     "component": product, **metadata},
        "components": list(components),
        "dependencies": [{"ref": refs[n], "dependsOn": refs[n + 1 : n + 2]}
                         for n in range(len(refs))],
    }  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a folder with an SBOM `a.json`, and with files that a test names."""
    monkeypatch.chdir(tmp_path)

    def called(verb: str, *arguments: str, **files: Any) -> Result:
        held = {"a": bom(component("x"), component("y")), **files}
        for name, value in held.items():
            text = value if isinstance(value, str) else json.dumps(value)
            Path(f"{name}.json").write_text(text)
        return CliRunner().invoke(commands, ["sbom", verb, *arguments])

    return called


def test_a_good_sbom_passes_and_its_ended_components_are_named(run: Run) -> None:
    found = run("check", "a.json", "--json")
    said = json.loads(found.stdout)
    assert (found.exit_code, said["good"], said["product"]) == (0, True, "Pump")
    assert [(each["name"], each["ended"]) for each in said["end_of_support"]] == [
        ("x", True), ("y", True),
    ]  # fmt: skip
    assert all(each["days_left"] < 0 for each in said["end_of_support"])


def test_what_an_sbom_lacks_is_named_and_the_status_is_1(run: Run) -> None:
    nameless = component("x", purl="npm/x", supplier={})
    found = run("check", "a.json", "--json", a=bom(nameless, component("y")))
    elements = {each["element"]: each for each in json.loads(found.stdout)["elements"]}
    assert (found.exit_code, elements["matchable"]["share"]) == (1, 0.5)
    assert elements["matchable"]["lacking"] == [
        {"ref": "x", "name": "x", "version": "1.0", "reason": "unreadable_identifier"}
    ]
    found = run("check", "a.json", a=bom(component("x")))
    assert found.exit_code == 1
    assert "no transitive dependencies" in found.stdout


def test_compare_says_what_changed_between_two(run: Run) -> None:
    later = bom(component("y", "2.0"), component("z"))
    found = run("compare", "a.json", "b.json", "--json", b=later)
    said = json.loads(found.stdout)
    assert found.exit_code == 0
    assert [each["name"] for each in said["added"]] == ["z"]
    assert [each["name"] for each in said["removed"]] == ["x"]
    assert [(each["before"], each["after"]) for each in said["changed_version"]] == [("1.0", "2.0")]
    assert "changed version" in run("compare", "a.json", "b.json", b=later).stdout


@pytest.mark.parametrize(
    ("build", "status", "rate"),
    [
        ({"lockfileVersion": 3, "packages": {"node_modules/x": {"version": "1.0"}}}, 0, 100),
        ("pkg:npm/x@1.0\npkg:npm/q@1.0\n", 1, 50),
        (bom(component("x"), component("y")), 0, 100),
    ],
)
def test_accuracy_is_measured_against_a_lock_file_a_list_or_an_sbom(
    run: Run, build: Any, status: int, rate: float
) -> None:
    found = run("accuracy", "a.json", "build.json", "--json", build=build)
    assert (found.exit_code, json.loads(found.stdout)["rate"]) == (status, rate)


def test_accuracy_that_is_enough_is_the_callers_choice(run: Run) -> None:
    build = "pkg:npm/x@1.0\npkg:npm/q@1.0\n"
    found = run("accuracy", "a.json", "build.json", "--at-least", "50", build=build)
    assert found.exit_code == 0
    assert "1 of 2 packages of the build are in the SBOM: 50.00 %" in found.stdout


def test_what_is_written_for_a_channel_goes_to_stdout_or_a_file(run: Run) -> None:
    found = run("write", "a.json", "--format", "cyclonedx-1.6", "--channel", "internal")
    assert (found.exit_code, json.loads(found.stdout)["specVersion"]) == (0, "1.6")
    arguments = ("--format", "spdx-2.3", "--channel", "regulatory", "-o", "out.json")
    found = run("write", "a.json", *arguments, "--json")
    assert (found.exit_code, json.loads(found.stdout)["components"]) == (0, 2)
    assert json.loads(Path("out.json").read_text())["spdxVersion"] == "SPDX-2.3"


def test_customers_read_an_organisation_as_author_and_no_person(run: Run) -> None:
    arguments = ("a.json", "--format", "cyclonedx-1.6", "--channel", "customer")
    found = run("write", *arguments)
    assert found.exit_code == 1
    assert "lacks author_of_sbom_data" in found.stderr
    found = run("write", *arguments, "--author", "Example Devices")
    assert found.exit_code == 0
    metadata = json.loads(found.stdout)["metadata"]
    assert (metadata["manufacturer"], "authors" in metadata) == ({"name": "Example Devices"}, False)


def test_json_of_what_was_written_needs_a_file_for_the_sbom(run: Run) -> None:
    found = run("write", "a.json", "--format", "spdx-2.3", "--channel", "internal", "--json")
    assert (found.exit_code, "-o" in found.stderr) == (2, True)


@pytest.mark.parametrize("verb", ["check", "compare", "accuracy"])
def test_a_file_that_is_no_sbom_is_refused_with_the_reason(run: Run, verb: str) -> None:
    more = () if verb == "check" else ("a.json",)
    found = run(verb, "b.json", *more, b="{}")
    assert (found.exit_code, found.stdout) == (1, "")
    assert "refused: b.json" in found.stderr

"""`patchvigil versions` orders versions without a fleet."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli.main import commands


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, ["versions", *words])


@pytest.mark.parametrize(
    ("ecosystem", "one", "other", "sign"),
    [
        ("npm", "1.0.0-rc.1", "1.0.0", "<"),
        ("deb", "1:1.0-1", "2.0-1", ">"),
        ("Maven", "1.0.Final", "1", "="),
        ("generic", "1.0.2za", "1.0.2z", ">"),
    ],
)
def test_compare_prints_how_two_versions_stand(
    ecosystem: str, one: str, other: str, sign: str
) -> None:
    result = run("compare", ecosystem, one, other)
    assert (result.exit_code, result.stdout) == (0, f"{sign}\n")


def test_compare_names_the_scheme_in_json() -> None:
    result = run("compare", "apk", "1.2_rc1", "1.2", "--json")
    assert json.loads(result.stdout) == {
        "ecosystem": "alpine", "a": "1.2_rc1", "b": "1.2", "order": "<",
    }  # fmt: skip


def test_compare_refuses_what_has_no_order_and_says_why() -> None:
    result = run("compare", "debian", "1.0", "bookworm")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "'bookworm' has no order in debian" in result.stderr
    assert "name" in result.stderr


def test_an_ecosystem_that_there_is_not_is_wrong_usage_and_names_those_there_are() -> None:
    result = run("compare", "cobol", "1", "2")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'cobol'" in result.stderr
    assert "rubygems" in result.stderr


def test_check_counts_lines_and_passes_where_all_hold(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("# a comment\n1.0 < 1.1\n\n// another\n1.0 = 1.0.0\n2.0 > 1.9\n")
    result = run("check", str(file), "--ecosystem", "npm", "--json")
    tally = json.loads(result.stdout)
    assert set(tally) == {"total", "wrong", "errors", "per_second"}
    assert (tally["total"], tally["wrong"], tally["errors"]) == (3, 0, 0)
    assert result.exit_code == 0
    assert result.stderr == ""


def test_check_tells_wrong_lines_from_lines_without_a_key(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("1.1 < 1.0\nlatest < 1.1\n1.0 < 1.1\n")
    result = run("check", str(file), "--ecosystem", "npm", "--json")
    tally = json.loads(result.stdout)
    assert (tally["total"], tally["wrong"], tally["errors"]) == (3, 1, 1)
    assert result.exit_code == 1
    assert "1.1 < 1.0: found >" in result.stderr
    assert "latest < 1.1: no key, not_semver" in result.stderr


@pytest.mark.parametrize("text", ["1.0 1.1\n", "1.0 < 1.1\n1.0 ~ 1.1\n", "1.0 <\n"])
def test_check_names_the_line_that_is_no_comparison(tmp_path: Path, text: str) -> None:
    file = tmp_path / "lines.txt"
    file.write_text(text)
    result = run("check", str(file), "--ecosystem", "npm")
    assert result.exit_code == 2
    assert f"line {len(text.splitlines())} is no comparison" in result.stderr


def test_check_says_of_a_file_that_cannot_be_read_why(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe1 < 2")
    for name in ("absent", "binary", "."):
        result = run("check", str(tmp_path / name), "--ecosystem", "npm")
        assert result.exit_code == 2
        assert "cannot be read" in result.stderr


def test_check_passes_an_empty_file(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("")
    result = run("check", str(file), "--ecosystem", "npm", "--json")
    assert json.loads(result.stdout)["total"] == 0
    assert result.exit_code == 0


def test_check_reads_a_line_of_a_million_characters(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text(f"{'1.' * 500_000} < 2\n")
    result = run("check", str(file), "--ecosystem", "npm", "--json")
    assert json.loads(result.stdout)["errors"] == 1
    assert len(result.stderr) < 1_000

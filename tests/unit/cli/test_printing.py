"""What is printed: tables, documents, JSON, refusals, and nothing that drives a terminal."""

import json
import os
import pty
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest

from services.cli.case_evidence import digest_of
from services.cli.doctor import skew_of
from services.cli.door import part
from services.cli.paper import mapping
from services.cli.printing import as_json, cell, document, table
from services.cli.problems import in_commands, refused
from services.cli.refusal import Exit, RefusedError
from services.cli.tail import fits, summary

Captured = pytest.CaptureFixture[str]


def test_a_table_in_a_pipe_has_a_line_a_row_however_long(capsys: Captured) -> None:
    table([{"a": {"b": "x" * 300}, "c": None}, {"a": {"b": "y"}, "c": [1, 2]}], ["a.b", "c"])
    heading, first, second = capsys.readouterr().out.splitlines()
    assert heading.split() == ["b", "c"]
    assert first.strip() == "x" * 300
    assert second.split() == ["y", "1,", "2"]


def test_columns_that_would_be_named_alike_are_named_in_full(capsys: Captured) -> None:
    table([{"a": {"x": 1}, "b": {"x": 2}}], ["a.x", "b.x"])
    assert capsys.readouterr().out.splitlines()[0].split() == ["a", "x", "b", "x"]


def test_an_empty_table_says_so(capsys: Captured) -> None:
    table([], ["a"], title="gaps")
    assert capsys.readouterr().out == "gaps: nothing\n"


def test_a_document_shows_fields_then_lists_and_leaves_out_what_is_empty(capsys: Captured) -> None:
    document(
        {"rows": [{"x": 1, "y": {"z": 2}}], "nested": {"at": "2026-01-02T03:04:05.6Z"}, "n": None}
    )
    said = capsys.readouterr().out
    assert said.index("nested at") < said.index("rows")
    assert "2026-01-02 03:04:05 UTC" in said
    assert "None" not in said
    assert max(map(len, said.splitlines())) < 40


def test_json_is_whole_and_keeps_every_letter(capsys: Captured) -> None:
    as_json({"name": "Müller [bold]", "at": None})
    assert json.loads(capsys.readouterr().out) == {"name": "Müller [bold]", "at": None}


def test_what_others_wrote_cannot_drive_a_terminal_or_style_the_text(capsys: Captured) -> None:
    table([{"a": "\x1b[2Jgone\x9b [red]plain[/] :boom:"}], ["a"])
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\x9b" not in said
    assert "[red]plain[/] :boom:" in said


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"),
        (0.5, "0.5"),
        (["a", {"b": 1, "c": None}], "a, b=1"),
        ("2026-11-22T17:16:54.690090+00:00", "2026-11-22 17:16:54 UTC"),
        ("2026-11-22T17:16:54+01:00", "2026-11-22 17:16:54 +01:00"),
        (None, ""),
    ],
)
def test_values_are_written_for_people(value: object, text: str) -> None:
    assert cell(value).plain == text


def test_a_terminal_gets_a_table_that_fits_its_width() -> None:
    code = (
        "from services.cli.printing import table\ntable([{'a': 'x' * 200, 'b': 'met'}], ['a', 'b'])"
    )
    theirs, ours = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=ours, check=True,
        env={**os.environ, "COLUMNS": "60", "TERM": "xterm", "NO_COLOR": ""},
    )  # fmt: skip
    os.close(ours)
    said = os.read(theirs, 65536).decode()
    os.close(theirs)
    assert done.returncode == 0
    assert "\x1b[" in said
    assert said.count("\r\n") > 3


def _answer(status: int, body: object) -> httpx.Response:
    request = httpx.Request("POST", "http://127.0.0.1:1/v1/x")
    content = body if isinstance(body, str) else json.dumps(body)
    return httpx.Response(status, content=content.encode(), request=request)


def test_a_problem_names_every_field_with_its_reason_and_mend() -> None:
    errors = [
        {"pointer": "/ground", "detail": "too short", "mend": "say why"},
        {"parameter": "limit", "detail": "too many", "mend": "ask for fewer"},
    ]
    found = refused(_answer(422, {"title": "Request is not valid", "errors": errors}), "psirt-1")
    assert found.status is Exit.REFUSED
    assert found.text.splitlines() == [
        "refused: Request is not valid",
        "  /ground: too short", "    mend: say why",
        "  limit: too many", "    mend: ask for fewer",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "status"),
    [(401, Exit.FORBIDDEN), (403, Exit.FORBIDDEN), (404, Exit.REFUSED), (409, Exit.REFUSED),
     (500, Exit.FAULT), (503, Exit.FAULT)],
)  # fmt: skip
def test_the_status_tells_who_has_to_act(code: int, status: Exit) -> None:
    assert refused(_answer(code, {"title": "T", "detail": "d"}), "me").status is status


def test_a_refusal_of_access_says_as_whom_one_acts() -> None:
    assert "you act as psirt-1" in refused(_answer(403, {"title": "Forbidden"}), "psirt-1").text


def test_an_address_that_knows_no_such_call_is_named() -> None:
    text = refused(_answer(404, {"title": "Not Found", "detail": "Not Found"}), "me").text
    assert "http://127.0.0.1:1/v1/x" in text
    assert "check the service's address" in text


def test_a_file_that_is_not_yaml_is_told_in_one_line_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text("campaign: c\nwaves: [")
    with pytest.raises(RefusedError, match=r"line 2, column 9: .*stream end"):
        mapping(file)


def test_a_fault_gives_its_trace_and_what_is_no_problem_is_quoted() -> None:
    assert "trace abc" in refused(_answer(500, {"title": "Fault", "trace": "abc"}), "me").text
    assert "<h1>" in refused(_answer(502, "<h1>Bad gateway</h1>"), "me").text
    assert refused(_answer(307, ""), "me").status is Exit.REFUSED


@pytest.mark.parametrize(
    ("mend", "said"),
    [
        ("list them: GET /v1/drafts", "list them: `patchvigil draft ls`"),
        ('POST /v1/drafts/d1/fill with field "title"', "`patchvigil draft fill d1 title=VALUE`"),
        (
            "reopen it first: POST /v1/cases/PV-2026-0001/reopen",
            "reopen it first: `patchvigil case reopen PV-2026-0001`",
        ),
        ("take its id from GET /v1/cases/{case}", "take its id from `patchvigil case show CASE`"),
        ("look it up with GET /v1/cases", "look it up with `patchvigil case ls`"),
    ],
)
def test_a_mend_speaks_of_commands(mend: str, said: str) -> None:
    assert in_commands(mend) == said


def test_an_id_is_one_part_of_a_path_whatever_it_holds() -> None:
    assert part("public/a b?#..") == "public%2Fa%20b%3F%23.."
    with pytest.raises(RefusedError) as refusal:
        part(" ")
    assert refusal.value.status is Exit.USAGE


def test_evidence_needs_a_file_or_a_digest_and_not_both() -> None:
    assert digest_of(None, "ab") == "ab"
    with pytest.raises(RefusedError):
        digest_of(None, None)


def test_a_clock_that_is_apart_is_measured_by_the_date_of_an_answer() -> None:
    now = time.time()
    near = httpx.Response(200, headers={"date": formatdate(now, usegmt=True)})
    far = httpx.Response(200, headers={"date": formatdate(now - 90, usegmt=True)})
    assert skew_of(near, now) < 1
    assert 88 < skew_of(far, now) < 92


def test_a_record_fits_its_contract_or_is_said_not_to() -> None:
    kind = "case.opened.v1"
    assert fits({"ce_type": kind, "value": {"case": 7}}) is False
    assert fits({"ce_type": "elsewhere.v1", "value": {}}) is None
    assert fits({"ce_type": kind, "value": None}) is None
    assert fits({"ce_type": "coverage.forgotten.v1", "value": None}) is True
    assert fits({"ce_type": "coverage.forgotten.v1", "value": {}}) is False


def test_a_summary_gives_plain_fields_of_the_value_and_its_first_part() -> None:
    value = {"clock": {"rule": "r", "assumed": []}, "because": "b", "late": False, "note": ""}
    assert summary(value) == "rule=r, because=b, late=False"


def test_a_findings_evidence_shows_serial_numbers_and_what_it_is_affected_on(
    capsys: Captured,
) -> None:
    units = [{"kind": "serial_number", "value": "SN-10*"}, {"kind": "hash", "value": "sha256:ab"}]
    assertion = {"target": {"identifiers": units}, "stated_platforms": ["Windows"]}
    document({"finding": "f", "evidence": [{"advisory": "csaf/x", "assertion": assertion}]})
    printed = capsys.readouterr().out
    assert all(each in printed for each in ("SN-10*", "sha256:ab", "Windows"))

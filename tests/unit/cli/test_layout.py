"""Rows in a terminal: no word is broken, and what matters most stays."""

import os
import pty
import re
import subprocess
import sys

import pytest

from services.cli.case_page import last_answers, still_open
from services.cli.layout import shown, widths

ID = "01a212dd-2037-7000-a431-f28f233e3326"
TITLE = "Heap buffer over-read or overflow"


def test_columns_that_fit_are_as_wide_as_what_they_hold() -> None:
    assert widths([["case", "PV-2026-0001"], ["state", "met"]], 80) == [12, 5]


def test_a_column_of_words_gives_way_and_an_id_does_not() -> None:
    assert widths([["id", ID], ["title", TITLE]], 60) == [len(ID), 22]


@pytest.mark.parametrize("room", [30, 45])
def test_rows_do_not_fit_where_a_word_would_be_broken(room: int) -> None:
    assert widths([["id", ID], ["title", TITLE]], room) is None


def test_rows_do_not_fit_where_a_text_would_become_a_tower() -> None:
    assert widths([["id", ID], ["text", "word " * 60]], 60) is None


def test_the_last_columns_of_a_list_are_left_out_and_three_are_kept() -> None:
    columns = [["id", ID], ["a", "x" * 10], ["b", "y" * 10], ["c", "z" * 10], ["d", "w" * 10]]
    assert shown(columns, 100) == 5
    assert shown(columns, 80) == 4
    assert shown(columns, 62) == 3
    assert shown(columns, 59) is None


def said(code: str, width: int = 80) -> list[str]:
    """Run code in a terminal so wide, and give the lines that it prints."""
    theirs, ours = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", f"from services.cli.printing import *\n{code}"], stdout=ours,
        check=True, env={**os.environ, "COLUMNS": str(width), "TERM": "xterm"},
    )  # fmt: skip
    os.close(ours)
    text = re.sub(r"\x1b\[[\d;]*m", "", os.read(theirs, 65536).decode())
    os.close(theirs)
    return [line.rstrip() for line in text.splitlines()]


def test_a_narrow_terminal_gets_a_block_a_row_with_every_field() -> None:
    rows = [{"id": ID, "digest": "f" * 64, "gates": [{"a": 1}, {"a": 2}], "none": None}]
    assert said(f"table({rows}, ['id', 'digest', 'gates', 'none'], title='evidence')") == [
        "evidence",
        f"id {ID}",
        "  digest  " + "f" * 64,
        "  gates   a=1",
        "          a=2",
    ]


def test_a_list_names_the_columns_that_it_leaves_out() -> None:
    rows = [{"id": ID, "a": "x" * 20, "b": "y" * 15, "c": "z" * 20, "empty": ""}]
    lines = said(f"listing({rows}, ['id', 'a', 'b', 'c', 'empty'], json_wanted=False)")
    assert lines[0].split() == ["id", "a", "b"]
    assert lines[-1] == "more in a wider window, or with --json: c"
    wide = said(f"listing({rows}, ['id', 'a', 'b', 'c', 'empty'], json_wanted=False)", 120)
    assert wide[0].split() == ["id", "a", "b", "c"]


def test_a_long_value_of_a_document_goes_on_below_itself() -> None:
    lines = said(f"document({{'name': 'short', 'because': {'word ' * 30!r}}})")
    assert lines[0] == "name     short"
    assert all(line.startswith(("because  word", "         word")) for line in lines[1:])
    assert len(lines) > 2


def test_an_event_is_told_in_two_lines() -> None:
    code = "log_line('2026-11-25T13:20:07.8Z', 'clock.met.v1', 'ra', 'clock met: by filing 1')"
    assert said(code) == [
        "2026-11-25 13:20:07 UTC  clock.met.v1  ra", "    clock met: by filing 1",
    ]  # fmt: skip


def test_a_case_shows_what_its_gates_said_last_and_what_keeps_it_from_which_outcome() -> None:
    gates = [
        {"campaign": "c", "wave": 1, "answers": [{"gate": "g", "verdict": "missing"}]},
        {"campaign": "c", "wave": 1, "answers": [{"gate": "g", "verdict": "passed"}]},
    ]
    assert last_answers(gates) == [
        {"campaign": "c", "wave": 1, "gate": "g", "verdict": "passed"},
    ]
    clock = {"kind": "clock", "name": "24 h"}
    assert still_open({"resolved": [clock], "not_affected": [clock]}) == [
        {**clock, "closing_as": ["resolved", "not_affected"]}
    ]

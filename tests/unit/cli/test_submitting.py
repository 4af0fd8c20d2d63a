"""Many documents: one that is refused does not stop the others, and nothing that went is hidden."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from services.cli import submissions
from services.cli.door import Door
from services.cli.main import commands

Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    return tmp_path


def answering(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    """Let documents be answered so."""
    client = httpx.Client(transport=httpx.MockTransport(answer))
    urls = {"intake": "http://intake"}
    monkeypatch.setattr(submissions, "door", lambda who: Door(urls, None, who or "me", client))


def published(asked: httpx.Request) -> httpx.Response:
    return httpx.Response(
        200, json={"id": "1", "document": asked.url.params["name"], "status": "published"}
    )


TOO_LARGE = {
    "title": "Content Too Large", "detail": "the body is above 50 MiB", "mend": "less",
    "instance": "/v1/submissions",
}  # fmt: skip


def test_a_document_that_is_too_large_is_rejected_and_the_others_go(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    def answer(asked: httpx.Request) -> httpx.Response:
        wrong = asked.url.params["name"] == "b"
        return httpx.Response(413, json=TOO_LARGE) if wrong else published(asked)

    answering(monkeypatch, answer)
    result = CliRunner().invoke(commands, ["submit", str(folder), "--json"])
    assert result.exit_code == 1
    told = {each["document"]: (each["status"], each["id"]) for each in json.loads(result.stdout)}
    assert told == {"a": ("published", "1"), "b": ("rejected", None), "c": ("published", "1")}
    assert "the body is above 50 MiB" in result.stderr


def test_what_went_before_the_service_went_away_is_told(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    def answer(asked: httpx.Request) -> httpx.Response:
        if asked.url.params["name"] == "c":
            raise httpx.ConnectError("Connection refused")
        return published(asked)

    answering(monkeypatch, answer)
    result = CliRunner().invoke(commands, ["submit", str(folder), "--json"])
    assert result.exit_code == 3
    assert [each["document"] for each in json.loads(result.stdout)] == ["a", "b"]
    assert "intake does not answer" in result.stderr

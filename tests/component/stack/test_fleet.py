"""The fleet runner: one import, a process a service, watched, restarted, stopped before servers."""

import json
import os
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded import fleet
from deploy.errors import StackError
from deploy.stack import running
from schemas.topics import SERVICES

pytestmark = pytest.mark.stack

TINY = dict.fromkeys(SERVICES, "tests.component.stack.tiny:app")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fleet")


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def tiny_fleet(home: Path, said: list[str]) -> Iterator[fleet.Fleet]:
    with fleet.run(
        home, "embedded", services=TINY, environment={"PATCHVIGIL_SANDBOX": "true"},
        durable=False, say=said.append,
    ) as started:  # fmt: skip
        yield started


def _ask(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
        return dict(json.loads(answer.read()))


def test_every_service_is_a_fork_of_one_importing_process(tiny_fleet: fleet.Fleet) -> None:
    answers = {service: _ask(url) for service, url in tiny_fleet.base_urls.items()}
    assert {answer["user"] for answer in answers.values()} == set(SERVICES)
    assert len({answer["pid"] for answer in answers.values()}) == len(SERVICES)
    assert len({answer["parent"] for answer in answers.values()}) == 1


def test_a_running_fleet_is_found_by_its_home(tiny_fleet: fleet.Fleet, home: Path) -> None:
    found = running(home)
    assert found is not None
    assert found.pid == os.getpid()
    assert found.base_urls == tiny_fleet.base_urls
    assert found.stack == tiny_fleet.stack
    assert (home / "stack.json").stat().st_mode & 0o077 == 0


def test_a_killed_service_is_reported_and_started_again(
    tiny_fleet: fleet.Fleet, said: list[str]
) -> None:
    before = tiny_fleet.pid("triage")
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while tiny_fleet.pid("triage") in (0, before):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    tiny_fleet.await_ready()
    assert any(line.startswith("triage was killed by signal 9; starting") for line in said)


def test_a_stopped_service_stays_stopped_until_it_is_started(tiny_fleet: fleet.Fleet) -> None:
    tiny_fleet.stop("intake")
    assert tiny_fleet.pid("intake") == 0
    assert not fleet.is_ready(tiny_fleet.base_urls["intake"])
    tiny_fleet.start("intake")
    tiny_fleet.await_ready()
    assert tiny_fleet.pid("intake") > 0


def test_a_second_stack_in_the_same_home_is_refused_by_name(
    tiny_fleet: fleet.Fleet, home: Path
) -> None:
    del tiny_fleet
    with (
        pytest.raises(StackError, match="already runs in") as refused,
        fleet.run(home, "embedded", services=TINY),
    ):
        pass
    assert "patchvigil down" in refused.value.mend


def test_a_service_that_cannot_be_imported_is_named_with_the_reason(tmp_path: Path) -> None:
    broken = {"triage": "services.triage.no_such_module:app"}
    with (
        pytest.raises(StackError, match=r"triage \(services.triage.no_such_module\) cannot be"),
        fleet.run(tmp_path, "embedded", services=broken, durable=False, say=lambda _: None),
    ):
        pass


def test_services_stop_cleanly_before_their_servers(tmp_path: Path) -> None:
    with fleet.run(
        tmp_path, "embedded", services={"triage": TINY["triage"]}, durable=False, say=lambda _: None
    ) as started:
        pid = started.pid("triage")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert "stopped cleanly" in (tmp_path / "logs" / "triage.log").read_text()
    assert running(tmp_path) is None

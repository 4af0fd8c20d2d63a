"""Each service starts alone, beside servers that run, and stops cleanly."""

import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.embedded.fleet import is_ready
from deploy.stack import running
from schemas.topics import SERVICES
from tests.component.stack.started import alone

pytestmark = [pytest.mark.stack, pytest.mark.slow]

SERVE = (sys.executable, "-m", "deploy.embedded.serve")


def _log(service: str, home: Path) -> Path:
    return home / "logs" / f"{service}.log"


def _served(service: str, home: Path) -> subprocess.Popen[bytes]:
    with _log(service, home).open("wb") as log:
        return subprocess.Popen(
            [*SERVE, service, "--home", str(home)], stdout=log, stderr=subprocess.STDOUT
        )


def test_each_service_starts_alone_and_stops_cleanly(tmp_path: Path) -> None:
    with alone(tmp_path), ExitStack() as opened:
        found = running(tmp_path)
        assert found is not None
        started = {
            service: opened.enter_context(_served(service, tmp_path)) for service in SERVICES
        }
        deadline = time.monotonic() + 120
        for service, process in started.items():
            while not is_ready(found.stack.base_url(service), process.pid):
                assert process.poll() is None, _log(service, tmp_path).read_text()
                assert time.monotonic() < deadline, _log(service, tmp_path).read_text()
                time.sleep(0.1)
        for process in started.values():
            process.send_signal(signal.SIGTERM)
        assert {service: each.wait(60) for service, each in started.items()} == dict.fromkeys(
            SERVICES, 0
        )


def test_a_service_without_servers_says_how_to_get_some(tmp_path: Path) -> None:
    done = subprocess.run(
        [*SERVE, "triage", "--home", str(tmp_path)],
        env={}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "triage does not know where its servers are" in done.stderr
    assert "patchvigil up" in done.stderr

"""One fleet for the tests of this folder, started by `patchvigil up`, and the story up to a point.

Every step of the story is taken through the command line.
"""

import csv
import io
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.demo import cast as casting
from deploy.demo import devices
from deploy.demo.acts.plot import DOCUMENTS, GATEWAY, OPENSSL, PUMP
from deploy.demo.receivers import receiving
from deploy.embedded.home import open_home
from deploy.stack import running
from tests.component.cli.machine import PROGRAM, Machine, until

BOOT = 180.0
"""Seconds a fleet has to come up on a machine that is busy with other work."""

DEVICES = 80


@dataclass(frozen=True, slots=True)
class Started:
    """A fleet that `patchvigil up` runs."""

    machine: Machine
    process: "subprocess.Popen[bytes]"
    said: Path


@pytest.fixture(scope="package")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """`patchvigil up` as a process, with the demonstration's people, webhooks and mailbox."""
    home = open_home(tmp_path_factory.mktemp("home"))
    said = tmp_path_factory.mktemp("said") / "up"
    secret = casting.fresh_secret()
    with receiving(secret.encode()) as receivers:
        at = {"webhook_port": receivers.webhook_port, "smtp_port": receivers.smtp_port}
        cast = casting.write(home.path, secret=secret, ack_url="http://127.0.0.1", **at)
        environment = {"PATCHVIGIL_HOME": str(home.path)}
        second = {
            "PATCHVIGIL_AUDITOR_MAIL_TO": "duty-manager@second.invalid",
            "PATCHVIGIL_AUDITOR_MAIL_PORT": str(receivers.smtp_port),
            "PATCHVIGIL_ROSTER_FILE": str(cast.roster),
        }
        with said.open("wb") as out, said.with_suffix(".err").open("wb") as err:
            process = subprocess.Popen(
                [PROGRAM, "up", "--json"], stdout=out, stderr=err,
                env={**os.environ, **environment, **second},
            )  # fmt: skip
        try:
            until(lambda: _up(process, said), f"up: {said.with_suffix('.err').read_text()}", BOOT)
            found = running(home.path)
            assert found is not None
            casting.write_roster(cast.roster, ack_url=found.base_urls["notification"], **at)
            yield Started(Machine(home.path, cast, environment), process, said)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(BOOT)


def _up(process: "subprocess.Popen[bytes]", said: Path) -> bool:
    assert process.poll() is None, said.with_suffix(".err").read_text()
    return said.stat().st_size > 0


@pytest.fixture(scope="package")
def machine(started: Started) -> Machine:
    """A machine with a running fleet that holds nothing yet."""
    return started.machine


@pytest.fixture(scope="package")
def fleet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A device file: the first devices of the demonstration."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(devices.HEADING)
    writer.writerows(row for _, row in zip(range(DEVICES), devices.rows(), strict=False))
    file = tmp_path_factory.mktemp("devices") / "devices.csv"
    file.write_text(text.getvalue())
    return file


@pytest.fixture(scope="package")
def case(machine: Machine, fleet_file: Path) -> str:
    """The case that an advisory opens, once the company and its SBOMs are known."""
    machine("product", "import", DOCUMENTS / "01-catalogue.yaml", "--as", "plm")
    machine("device", "import", fleet_file, "--as", "plm")
    for file, product, version in (
        ("02-pump-2.4.0.cdx.json", PUMP, "2.4.0"),
        ("03-gateway-5.1.0.cdx.json", GATEWAY, "5.1.0"),
        ("04-gateway-5.0.2.cdx.json", GATEWAY, "5.0.2"),
    ):
        about = ("--product", product, "--version", version)
        machine("submit", DOCUMENTS / file, *about, "--as", "plm")
    machine("submit", DOCUMENTS / "05-advisory-openssl.json", "--as", "plm")
    found = until(lambda: machine.json("case", "ls", "--identifier", OPENSSL), "a case")
    return str(found[0]["case"])


@pytest.fixture(scope="package")
def signalled(machine: Machine, case: str) -> str:
    """The case after a hospital's report: provisional clocks run, drafts are prepared."""
    machine("submit", DOCUMENTS / "08-hospital-report.yaml", "--as", "psirt-2")
    until(lambda: clock_of(machine, case, "early_warning"), "a provisional clock")
    until(lambda: draft_of(machine, case, "early_warning"), "a draft")
    return case


@pytest.fixture(scope="package")
def assessed(machine: Machine, signalled: str) -> str:
    """The case after exploitation was confirmed in the gateway: mandatory clocks run."""
    machine(
        "case", "assess", signalled, "--product", GATEWAY, "--verdict", "exploited",
        "--aware-at", datetime.now(UTC).isoformat(), "--proof", "hospital-north-2026-001",
        "--ground", "Packet captures show the crafted certificates and the crash",
        "--as", "psirt-2",
    )  # fmt: skip
    until(
        lambda: clock_of(machine, signalled, "early_warning")["state"] == "running",
        "the clock runs",
    )
    return signalled


def clock_of(machine: Machine, case: str, stage: str) -> dict[str, Any]:
    """Give the gateway's clock of a filing stage; empty while there is none."""
    clocks = machine.json("clock", "ls", "--case", case, "--product", GATEWAY)
    return next((each for each in clocks if each["stage"] == stage), {})


def draft_of(machine: Machine, case: str, stage: str) -> dict[str, Any]:
    """Give the gateway's draft of a filing stage; empty while there is none."""
    drafts = machine.json("draft", "ls", "--case", case)
    return next(
        (each for each in drafts if each["product"] == GATEWAY and each["stage"] == stage), {}
    )

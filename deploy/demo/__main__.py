"""Runs the demonstration: `python -m deploy.demo [--keep] [--data FOLDER]`."""

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from deploy.demo import cast as casting
from deploy.demo import public
from deploy.demo.acts.plot import CAMPAIGN, TARGET
from deploy.demo.background import INTERRUPTED, Settle, behind
from deploy.demo.fleet_reports import Reporter
from deploy.demo.receivers import receiving
from deploy.demo.stage import COMPRESSION, BrokenStoryError, Check, Stage
from deploy.demo.story import play
from deploy.embedded import fleet
from deploy.embedded.home import RECORDS_HOME, STORY_HOME, default_home, open_home
from deploy.errors import StackError
from deploy.signals import until_told
from deploy.stack import stop
from deploy.world import Stack

_TIMEOUT = 30.0
# A connection is given up before the services give it up, which they do after 5 s: a request must
# not meet one that is just being closed.
_LIMITS = httpx.Limits(keepalive_expiry=2)

_AFTER_THE_STORY = (
    "status",
    "case ls",
    "case timeline PV-2026-0001",
    "clock ls --as psirt-2",
    f"coverage watch {CAMPAIGN}",
)
_WITH_RECORDS = ("status", "finding ls --verdict unknown", "case ls", "clock ls")

console = Console(highlight=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the demonstration and say what held; 0 only where every check passed."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=__doc__)
    parser.add_argument("--home", type=Path, help="data folder (one below PATCHVIGIL_HOME)")
    parser.add_argument("--keep", action="store_true", help="leave the fleet running afterwards")
    parser.add_argument("--data", type=Path, help="take in these public records instead")
    given = parser.parse_args(arguments)
    data: Path | None = given.data
    home: Path = given.home or default_home() / (RECORDS_HOME if data else STORY_HOME)
    if data is not None and not data.is_dir():
        console.print(f"there is no folder {data}: name one with public records in DATA")
        return 1
    if given.keep:
        return behind(lambda settle: _perform(home, data, settle))
    return _perform(home, data, None)


def _perform(home: Path, data: Path | None, settle: Settle | None) -> int:
    """Play, and give the exit status; with `settle` the fleet stays until it is stopped."""
    verdict = INTERRUPTED
    try:
        stop(home)
        if not data:
            shutil.rmtree(home, ignore_errors=True)  # the story is played from its beginning
        with until_told():
            with _fleet(home, data) as (stage, stack):
                _play(stage, stack, data)
                if settle is not None:
                    _table(stage.checks)
                    _go_on(home, stage.urls, _WITH_RECORDS if data else _AFTER_THE_STORY)
                    verdict = _verdict(stage.checks)
                    settle(verdict, open_home(home).logs / "demo.log")
                    signal.pause()
            _table(stage.checks)
            verdict = _verdict(stage.checks)
    except StackError as error:
        console.print(f"the demonstration could not start: {error}", soft_wrap=True)
        return 1
    if verdict == INTERRUPTED:
        console.print("the demonstration was stopped before its end")
    return verdict


@contextmanager
def _fleet(home: Path, data: Path | None) -> Iterator[tuple[Stage, Stack]]:
    """Run the receivers and the fleet for as long as the context lasts."""
    began = time.monotonic()
    place = open_home(home.resolve())
    compression = 1.0 if data else COMPRESSION
    secret = casting.fresh_secret()
    with receiving(secret.encode()) as receivers:
        at = {"webhook_port": receivers.webhook_port, "smtp_port": receivers.smtp_port}
        cast = casting.write(place.path, secret=secret, ack_url="http://127.0.0.1", **at)
        environment = {
            "PATCHVIGIL_PRINCIPALS_FILE": str(cast.principals),
            "PATCHVIGIL_ROSTER_FILE": str(cast.roster),
            "PATCHVIGIL_AUDITOR_MAIL_TO": "duty-manager@patchvigil.invalid",
            "PATCHVIGIL_AUDITOR_MAIL_PORT": str(receivers.smtp_port),
            "PATCHVIGIL_SANDBOX": "true",
            "PATCHVIGIL_TIME_COMPRESSION": str(compression),
        }
        with (
            fleet.run(place.path, environment=environment, durable=False) as running,
            httpx.Client(timeout=_TIMEOUT, limits=_LIMITS) as client,
        ):
            casting.write_roster(cast.roster, ack_url=running.base_urls["notification"], **at)
            console.print(f"the fleet is ready {time.monotonic() - began:.1f} s after the start")
            console.print(
                f"the pager's webhook receiver listens on 127.0.0.1:{receivers.webhook_port},"
                f" the mail server on 127.0.0.1:{receivers.smtp_port}",
                soft_wrap=True,
            )
            yield (
                Stage(running.base_urls, cast, receivers.inbox, client, compression),
                running.stack,
            )


def _play(stage: Stage, stack: Stack, data: Path | None) -> None:
    """Play to the end, or to where the fleet does not do what the story says."""
    try:
        if data is not None:
            public.play(stage, data, stack.kafka)
        else:
            play(stage, Reporter.of(stack, CAMPAIGN, TARGET))
    except (BrokenStoryError, TimeoutError) as error:
        stage.check("the story goes on", passed=False, found=error)


def _go_on(home: Path, urls: Mapping[str, str], commands: Sequence[str]) -> None:
    """Say what can be done with the fleet that keeps running."""
    console.print(f"\nThe fleet keeps running in {home}:", soft_wrap=True)
    for service, url in urls.items():
        console.print(f"  {service:20} {url}/docs")
    console.print("Go on with, for example:")
    for command in commands:
        console.print(f"  .venv/bin/patchvigil {command}")
    console.print("  make down    ends it")


def _table(checks: Sequence[Check]) -> None:
    """Print every check with what was found."""
    table = Table(title="What the running system answered", title_justify="left", box=None)
    for column in ("act", "check", "held", "found"):
        table.add_column(column, overflow="fold")
    for check in checks:
        held = "yes" if check.passed else "[bold red]no[/]"
        table.add_row(str(check.act), check.what, held, check.found[:120].replace("[", "\\["))
    console.print()
    console.print(table)


def _verdict(checks: Sequence[Check]) -> int:
    """Print the last line, and give the exit status, which says the same."""
    failed = sum(not check.passed for check in checks)
    console.print(f"demo: {len(checks) - failed} checks passed, {failed} failed")
    return 1 if failed or not checks else 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs the demonstration: `python -m deploy.demo [--keep] [--data FOLDER]`."""

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from deploy.demo import cast as casting
from deploy.demo import public
from deploy.demo.acts.plot import CAMPAIGN, TARGET
from deploy.demo.fleet_reports import Reporter
from deploy.demo.receivers import receiving
from deploy.demo.stage import COMPRESSION, BrokenStoryError, Check, Stage
from deploy.demo.story import play
from deploy.embedded import fleet
from deploy.embedded.home import Home, open_home
from deploy.errors import StackError
from deploy.signals import until_told
from deploy.stack import stop

_STOPPED = 130  # as a shell says of Ctrl-C
_TIMEOUT = 30.0
# A connection is given up before the services give it up, which they do after 5 s: a request must
# not meet one that is just being closed.
_LIMITS = httpx.Limits(keepalive_expiry=2)
_STORY, _RECORDS = Path(".patchvigil") / "demo", Path(".patchvigil") / "public"

console = Console(highlight=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the demonstration and say what held; 0 only where every check passed."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=__doc__)
    parser.add_argument("--home", type=Path, help=f"data folder ({_STORY}, {_RECORDS} for --data)")
    parser.add_argument("--keep", action="store_true", help="leave the fleet running afterwards")
    parser.add_argument("--data", type=Path, help="take in these public records instead")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    home: Path = given.home or (_RECORDS if given.data else _STORY)
    played: list[Stage] = []
    try:
        stop(home)
        if not given.data:
            shutil.rmtree(home, ignore_errors=True)  # the story is played from its beginning
        with until_told():
            played.append(_run(home, given.data, keep=given.keep, began=began))
    except StackError as error:
        console.print(f"the demonstration could not start: {error}")
        return 1
    if not played:
        console.print("the demonstration was stopped before its end")
        return _STOPPED
    [stage] = played
    return _status(stage.checks) if given.keep else _table(stage.checks)


def _run(home: Path, data: Path | None, *, keep: bool, began: float) -> Stage:
    """Start receivers and the fleet, play, and keep or stop them."""
    place = open_home(home.resolve())
    compression = 1.0 if data else COMPRESSION
    secret = casting.fresh_secret()
    with receiving(secret.encode()) as receivers:
        at = {"webhook_port": receivers.webhook_port, "smtp_port": receivers.smtp_port}
        cast = casting.write(place.path, secret=secret, ack_url="http://127.0.0.1", **at)
        environment = {
            "PATCHVIGIL_PRINCIPALS_FILE": str(cast.principals),
            "PATCHVIGIL_ROSTER_FILE": str(cast.roster),
            "PATCHVIGIL_SANDBOX": "true",
            "PATCHVIGIL_TIME_COMPRESSION": str(compression),
        }
        with (
            fleet.run(place.path, environment=environment, durable=False) as running,
            httpx.Client(timeout=_TIMEOUT, limits=_LIMITS) as client,
        ):
            casting.write_roster(cast.roster, ack_url=running.base_urls["notification"], **at)
            stage = Stage(running.base_urls, cast, receivers.inbox, client)
            console.print(f"the fleet is ready {time.monotonic() - began:.1f} s after the start")
            try:
                if data is not None:
                    public.play(stage, data, running.stack.kafka)
                else:
                    play(stage, Reporter.of(running.stack, CAMPAIGN, TARGET))
            except (BrokenStoryError, TimeoutError) as error:
                stage.check("the story goes on", passed=False, found=error)
            if keep:
                _table(stage.checks)
                _left_running(running.base_urls, place)
                with suppress(KeyboardInterrupt):
                    signal.pause()
    return stage


def _left_running(urls: dict[str, str], place: Home) -> None:
    for service, url in urls.items():
        console.print(f"{service:20} {url}")
    console.print(f"PATCHVIGIL_HOME={place.path} patchvigil status    (Ctrl-C stops the fleet)")


def _table(checks: Sequence[Check]) -> int:
    """Print every check with what was found; the last line counts them."""
    table = Table(title="What the running system answered", title_justify="left", box=None)
    for column in ("act", "check", "held", "found"):
        table.add_column(column, overflow="fold")
    for check in checks:
        held = "yes" if check.passed else "[bold red]no[/]"
        table.add_row(str(check.act), check.what, held, check.found[:120].replace("[", "\\["))
    console.print()
    console.print(table)
    failed = sum(not check.passed for check in checks)
    sys.stdout.write(f"demo: {len(checks) - failed} checks passed, {failed} failed\n")
    return _status(checks)


def _status(checks: Sequence[Check]) -> int:
    return 0 if checks and all(check.passed for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())

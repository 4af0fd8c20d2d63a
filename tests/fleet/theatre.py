"""Runs the six services as processes on a world of the tests, with the demonstration's cast."""

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.demo import cast as casting
from deploy.demo.acts.plot import CAMPAIGN, TARGET
from deploy.demo.fleet_reports import Reporter
from deploy.demo.receivers import Inbox, receiving
from deploy.demo.stage import COMPRESSION, Stage
from deploy.embedded import serve
from deploy.embedded.fleet import Fleet
from deploy.embedded.home import Home, open_home
from deploy.embedded.line import Line
from deploy.postgres.roles import schema
from deploy.world import Stack
from schemas.topics import SERVICES
from tests.fleet.books import Books

FREEZE = "UPDATE {schema}.kit_timer SET fire_at = due_at WHERE state = 'armed'"
BOOT = 180.0
"""Seconds a fleet has to come up on a machine that is busy with other work."""


@dataclass(frozen=True, slots=True)
class Theatre:
    """A running fleet, those who act in it, and the books that tell what became of it."""

    stack: Stack
    fleet: Fleet
    stage: Stage
    inbox: Inbox
    books: Books
    home: Home
    settings: Mapping[str, str]

    def reporter(self) -> Reporter:
        """Connect as the relay of the devices of the story's campaign."""
        return Reporter.of(self.stack, CAMPAIGN, TARGET)

    def close(self) -> None:
        """Stop every service, cleanly and at the same time."""
        with ThreadPoolExecutor(len(SERVICES)) as pool:
            list(pool.map(self.fleet.stop, SERVICES))

    def go_on_in_the_laws_time(self) -> None:
        """Restart with alarms due when the law says: none falls due while a test looks."""
        self.close()
        self.books.ask(*(FREEZE.format(schema=schema(each)) for each in SERVICES))
        self.open(compression=1.0)

    def open(self, compression: float = COMPRESSION) -> None:
        """Start every service again, and wait until all are ready."""
        for service in SERVICES:
            _add(self, service, compression)
        self.fleet.await_ready(BOOT)


def _add(theatre: Theatre, service: str, compression: float) -> None:
    theatre.fleet.add(
        service,
        {
            **theatre.stack.environment(service),
            **theatre.settings,
            "PATCHVIGIL_TIME_COMPRESSION": str(compression),
        },
        theatre.home.logs / f"{service}.log",
    )


@contextmanager
def theatre(
    stack: Stack,
    folder: Path,
    compression: float = COMPRESSION,
    *,
    restart: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Theatre]:
    """Run the fleet on a stack for as long as the context lasts.

    Args:
        stack: servers and the world on them.
        folder: for principals, roster, keys and logs.
        compression: how many times faster alarms fire than the law's time.
        restart: start a service again that ended by itself or was killed.
        settings: further ones for every service.
    """
    secret = casting.fresh_secret()
    place = open_home(folder)
    factories = {service: serve.factory(service) for service in SERVICES}
    with (
        receiving(secret.encode()) as receivers,
        closing(Line(place, factories)) as line,
        httpx.Client(timeout=60, limits=httpx.Limits(keepalive_expiry=2)) as client,
    ):
        cast = casting.write(
            place.path, secret=secret, ack_url=stack.base_url("notification"),
            webhook_port=receivers.webhook_port, smtp_port=receivers.smtp_port,
        )  # fmt: skip
        line.await_import()
        fleet = Fleet(stack, line, _say, restart=restart)
        made = Theatre(
            stack, fleet,
            Stage({each: stack.base_url(each) for each in SERVICES}, cast, receivers.inbox, client),
            receivers.inbox, Books(stack), place,
            {
                "PATCHVIGIL_PRINCIPALS_FILE": str(cast.principals),
                "PATCHVIGIL_ROSTER_FILE": str(cast.roster),
                "PATCHVIGIL_SANDBOX": "true",
                **(settings or {}),
            },
        )  # fmt: skip
        with fleet.watched():
            made.open(compression)
            yield made


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")

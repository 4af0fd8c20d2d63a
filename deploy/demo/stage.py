"""Where the story is played: acts as each person over HTTP, says what happens, keeps the checks."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from deploy.demo.cast import Cast
from deploy.demo.receivers import Inbox

T = TypeVar("T")

COMPRESSION = 600.0
"""A quarter of an hour to acknowledge takes 1.5 s; the 24 h of an early warning take 144 s."""

_PATIENCE = 45.0
_OK = 400


class BrokenStoryError(Exception):
    """The fleet did not do what the story says it does."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the closing table: what was asked of the running system, and its answer."""

    act: int
    what: str
    passed: bool
    found: str


@dataclass(slots=True)
class Stage:
    """The running fleet, the cast, and what was found out so far."""

    urls: Mapping[str, str]
    cast: Cast
    inbox: Inbox
    client: httpx.Client
    compression: float = COMPRESSION
    began: float = field(default_factory=time.monotonic)
    opened: datetime = field(default_factory=lambda: datetime.now(UTC))
    checks: list[Check] = field(default_factory=list)
    act: int = 0

    def legend(self) -> None:
        """Say how to read the lines that follow, and what plays the outside world."""
        minutes = self.compression / 60
        _print(
            "\nEach line: simulated time, seconds since the start, who, what, [why]. Alarms fire"
            f" {self.compression:.0f} times faster: a second is {minutes:.0f} simulated minutes.\n"
            "Deadlines are legal time (UTC), counted from the real clock."
        )

    def scene(self, number: int, title: str) -> None:
        """Begin an act."""
        self.act = number
        _print(f"\n({number}) {title}")

    def say(self, actor: str, text: str, why: str) -> None:
        """Print one line: simulated time, real time, actor, what happened and why."""
        real = time.monotonic() - self.began
        simulated = self.opened + timedelta(seconds=real * self.compression)
        _print(f"  {simulated:%a %d %b %H:%M} (+{real:5.1f} s)  {actor:12} {text}  [{why}]")

    def quote(self, text: str) -> None:
        """Print something as it was received."""
        for line in text.rstrip().splitlines():
            _print(f"        | {line}")

    def check(self, what: str, *, passed: bool, found: object = "") -> None:
        """Keep one check for the closing table."""
        self.checks.append(Check(self.act, what, passed, _plain(found)))
        if not passed:
            _print(f"  !! {what}: found {_plain(found)}")

    def call(self, actor: str, method: str, service: str, path: str, **more: Any) -> httpx.Response:
        """Send a request as a principal."""
        headers = {"authorization": f"Bearer {self.cast.tokens[actor]}", **more.pop("headers", {})}
        if method == "POST":
            headers["idempotency-key"] = str(uuid4())
        return self.client.request(method, self.urls[service] + path, headers=headers, **more)

    def get(self, service: str, path: str, actor: str = "admin") -> Any:
        """Read a document.

        Raises:
            BrokenStoryError: the service refused.
        """
        return _answer(self.call(actor, "GET", service, path))

    def post(self, actor: str, service: str, path: str, body: Mapping[str, Any]) -> Any:
        """Do something that must be accepted.

        Raises:
            BrokenStoryError: the service refused.
        """
        return _answer(self.call(actor, "POST", service, path, json=body))

    def refused(self, actor: str, service: str, path: str, body: Mapping[str, Any]) -> Any:
        """Do something that must be refused, and give the problem.

        Raises:
            BrokenStoryError: the service accepted it.
        """
        answer = self.call(actor, "POST", service, path, json=body)
        if answer.status_code < _OK:
            raise BrokenStoryError(f"{path} was accepted and should not be: {answer.text[:300]}")
        return answer.json()

    def submit(self, actor: str, name: str, content: bytes, kind: str, **more: str) -> Any:
        """Submit a document to intake."""
        answer = self.call(
            actor, "POST", "intake", "/v1/submissions", content=content,
            params={"name": name, **more}, headers={"content-type": kind},
        )  # fmt: skip
        return _answer(answer)

    def await_(self, what: str, find: Callable[[], T | None], patience: float = _PATIENCE) -> T:
        """Ask until something is there.

        Raises:
            BrokenStoryError: it was not there in time.
        """
        deadline = time.monotonic() + patience
        while True:
            found = find()
            if found:
                return found
            if time.monotonic() > deadline:
                raise BrokenStoryError(f"{what} did not happen within {patience:.0f} s")
            time.sleep(0.1)

    def clocks(self, case: str, **equal: Any) -> list[dict[str, Any]]:
        """List a case's clocks with these field values."""
        found = self.get("deadline-clock", f"/v1/clocks?case={case}&limit=200")["items"]
        return [
            each for each in found if all(each.get(name) == held for name, held in equal.items())
        ]


def moment(instant: str) -> str:
    """Write a service's instant as a person reads it, to the minute."""
    return f"{datetime.fromisoformat(instant).astimezone(UTC):%a %d %b %Y %H:%M}Z"


def due(clock: Mapping[str, Any]) -> str:
    """Write when a clock is due; some duties have no number of hours or days."""
    instant = clock["due_operational"]
    return f"due {moment(instant)}" if instant else "as soon as possible, no number of days"


def _plain(found: object) -> str:
    """Write what was found without the marks of a programming language."""
    if isinstance(found, Mapping):
        return ", ".join(f"{_plain(name)}: {_plain(held)}" for name, held in found.items())
    if isinstance(found, list | tuple):
        return ", ".join(_plain(each) for each in found)
    return f"{found:,}" if isinstance(found, int) else str(found)


def _answer(answer: httpx.Response) -> Any:
    if answer.status_code >= _OK:
        request = answer.request
        raise BrokenStoryError(f"{request.method} {request.url.path}: {answer.text[:800]}")
    return answer.json()


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

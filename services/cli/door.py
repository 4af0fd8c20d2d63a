"""Finds the running services and speaks HTTP to them, as the person or integration who asks.

Addresses come from PATCHVIGIL_<SERVICE>_URL, else from the fleet that runs in the home. The token
comes from PATCHVIGIL_TOKEN, else from the tokens that the home made for this machine.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from deploy.embedded.home import Home, default_home
from deploy.principals import tokens
from deploy.stack import Running, running
from schemas.topics import SERVICES

OPERATOR = "operator"
"""The person that a new home knows first."""

_SECONDS = 60.0
_UNAUTHORISED = frozenset({401, 403})
_SERVER = 500


class Exit(IntEnum):
    """The exit statuses of every command."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    FORBIDDEN = 4
    FAULT = 5


class RefusedError(Exception):
    """A service refused or could not be reached; carries what to print and the exit status."""

    def __init__(self, status: Exit, title: str, detail: str = "", mend: str | None = None) -> None:
        super().__init__(f"{title}: {detail}" if detail else title)
        self.status = status
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Door:
    """The services as one principal reaches them."""

    urls: Mapping[str, str]
    token: str | None

    def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: bytes | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request and give the answer.

        A POST carries an Idempotency-Key of its own, so that a retry on the wire acts once.

        Raises:
            RefusedError: the service is not reachable, or answered with a problem.
        """
        sent = dict(headers or {})
        if self.token:
            sent["authorization"] = f"Bearer {self.token}"
        if method == "POST":
            sent.setdefault("idempotency-key", str(uuid4()))
        known = {name: value for name, value in (params or {}).items() if value is not None}
        try:
            answer = httpx.request(
                method, self.url(service) + path, json=body, content=content, params=known,
                headers=sent, timeout=_SECONDS,
            )  # fmt: skip
        except httpx.TransportError as error:
            raise RefusedError(
                Exit.UNREACHABLE,
                f"{service} does not answer at {self.url(service)}",
                str(error),
                "start the fleet with `patchvigil up`, or see `patchvigil status`",
            ) from error
        if answer.is_error:
            raise _refused(answer)
        return answer

    def get(self, service: str, path: str, **params: Any) -> Any:
        """Get a document."""
        return self.call(service, "GET", path, params=params).json()

    def post(self, service: str, path: str, body: Any = None) -> Any:
        """Post a document and give the answer."""
        return self.call(service, "POST", path, body=body or {}).json()

    def items(self, service: str, path: str, **params: Any) -> Iterator[Any]:
        """Go through every page of a list."""
        cursor: str | None = None
        while True:
            found = self.get(service, path, cursor=cursor, **params)
            yield from found["items"]
            cursor = found.get("next")
            if cursor is None:
                return

    def url(self, service: str) -> str:
        """Give a service's address.

        Raises:
            RefusedError: nothing says where it is.
        """
        if service not in self.urls:
            raise RefusedError(
                Exit.UNREACHABLE,
                f"nothing says where {service} is",
                "",
                f"start the fleet with `patchvigil up`, or set {variable(service)}",
            )
        return self.urls[service]


def variable(service: str) -> str:
    """Name the environment variable that holds a service's address."""
    return f"PATCHVIGIL_{service.upper().replace('-', '_')}_URL"


def home() -> Path:
    """Give the folder of the fleet on this machine."""
    return default_home()


def fleet() -> Running | None:
    """Find the fleet that runs on this machine, if one does."""
    return running(home())


def door(principal: str | None = None) -> Door:
    """Open the door to the services, as `principal` where the home holds its token."""
    found = fleet()
    urls = dict(found.base_urls) if found else {}
    for service in SERVICES:
        if given := os.environ.get(variable(service)):
            urls[service] = given.rstrip("/")
    held = tokens(Home(home()))
    who = principal or os.environ.get("PATCHVIGIL_PRINCIPAL") or OPERATOR
    token = os.environ.get("PATCHVIGIL_TOKEN") if principal is None else None
    return Door(urls, token or held.get(who))


def _refused(answer: httpx.Response) -> RefusedError:
    if answer.status_code in _UNAUTHORISED:
        status = Exit.FORBIDDEN
    else:
        status = Exit.FAULT if answer.status_code >= _SERVER else Exit.REFUSED
    try:
        problem = answer.json()
    except ValueError:
        return RefusedError(status, f"HTTP {answer.status_code}", answer.text[:500])
    faults = problem.get("errors") or [problem]
    lines = [
        f"{fault.get('pointer') or fault.get('parameter') or ''} {fault.get('detail', '')}".strip()
        for fault in faults
    ]
    mends = [fault["mend"] for fault in faults if fault.get("mend")] or [problem.get("mend")]
    return RefusedError(
        status, str(problem.get("title", answer.status_code)), "; ".join(lines), mends[0]
    )

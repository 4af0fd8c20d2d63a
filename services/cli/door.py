"""Finds the running services and speaks HTTP to them, as the person or integration who asks.

Addresses come from PATCHVIGIL_<SERVICE>_URL, else from the fleet that runs in the home. The token
comes from PATCHVIGIL_TOKEN, else from the tokens that the home made for this machine.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from deploy.embedded.home import Home, busy_home
from deploy.principals import tokens
from deploy.stack import Running, running
from schemas.topics import SERVICES
from services.cli.ending import resources
from services.cli.problems import refused
from services.cli.refusal import Exit, RefusedError

OPERATOR = "operator"
"""The person that a new home knows first."""

MOST = 500
"""The longest page that a service gives."""

_SECONDS = 60.0
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Door:
    """The services as one principal reaches them."""

    urls: Mapping[str, str]
    token: str | None
    who: str
    client: httpx.Client

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

        A connection that breaks is tried once more; a POST carries an Idempotency-Key of its own,
        so that it acts once all the same.

        Raises:
            RefusedError: the service is not reachable, or answered with a problem.
        """
        sent = dict(headers or {})
        if self.token:
            sent["authorization"] = f"Bearer {self.token}"
        if method == "POST":
            sent["idempotency-key"] = str(uuid4())
        if body is not None:
            content = json.dumps(body, default=str).encode()
            sent["content-type"] = "application/json"
        asked = self.client.build_request(
            method, self.url(service) + path, content=content, params=_given(params), headers=sent
        )
        answer = self._send(service, asked)
        if not answer.is_success:
            raise refused(answer, self.who)
        return answer

    def _send(self, service: str, asked: httpx.Request) -> httpx.Response:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self.client.send(asked)
            except httpx.UnsupportedProtocol as error:
                raise RefusedError(
                    Exit.USAGE, f"{self.url(service)!r} is no address of {service}", str(error),
                    f"write {variable(service)} as http://HOST:PORT",
                ) from error  # fmt: skip
            except httpx.TransportError as error:
                if attempt == _ATTEMPTS or isinstance(error, httpx.ConnectError):
                    raise RefusedError(
                        Exit.UNREACHABLE,
                        f"{service} does not answer at {self.url(service)}",
                        str(error),
                        "look with `patchvigil status`, or start the fleet with `patchvigil up`",
                    ) from error
        raise AssertionError("every attempt returns or raises")

    def get(self, service: str, path: str, **params: Any) -> Any:
        """Get a document."""
        return self._document(service, self.call(service, "GET", path, params=params))

    def post(self, service: str, path: str, body: Any = None) -> Any:
        """Post a document and give the answer."""
        return self._document(service, self.call(service, "POST", path, body=body or {}))

    def items(self, service: str, path: str, **params: Any) -> Iterator[Any]:
        """Go through every page of a list."""
        cursor: str | None = None
        while True:
            found = self.get(service, path, cursor=cursor, limit=MOST, **params)
            yield from found["items"]
            cursor = found["next"]
            if cursor is None:
                return

    def knows(self, service: str) -> bool:
        """Say whether anything tells where a service is; not whether it answers."""
        return service in self.urls

    def url(self, service: str) -> str:
        """Give a service's address.

        Raises:
            RefusedError: nothing says where it is.
        """
        if service not in self.urls:
            set_ = variable(service)
            raise RefusedError(
                Exit.UNREACHABLE,
                f"nothing says where {service} is",
                f"no fleet runs in {home()}, and {set_} is not set",
                f"start the fleet with `patchvigil up`, or set PATCHVIGIL_HOME or {set_}",
            )
        return self.urls[service]

    def _document(self, service: str, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise RefusedError(
                Exit.FAULT,
                f"{service} did not answer JSON",
                f"{answer.request.url} gave {answer.headers.get('content-type')}",
                f"check that it is Patchvigil's: {variable(service)}",
            ) from error


def _given(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (params or {}).items() if value is not None}


def part(name: str) -> str:
    """Write an id as one part of a path, whatever it holds.

    Raises:
        RefusedError: it is empty.
    """
    if not name.strip():
        raise RefusedError(Exit.USAGE, "an id is empty", "", "take it from the list")
    return quote(name, safe="")


def variable(service: str) -> str:
    """Name the environment variable that holds a service's address."""
    return f"PATCHVIGIL_{service.upper().replace('-', '_')}_URL"


def home() -> Path:
    """Give the folder of the fleet on this machine, a demonstration's that was left running too."""
    return busy_home()


def fleet() -> Running | None:
    """Find the fleet that runs on this machine, if one does."""
    return running(home())


def door(principal: str | None = None) -> Door:
    """Open the door to the services, as `principal` where the home holds its token.

    Raises:
        RefusedError: the home holds no token of that principal.
    """
    found = fleet()
    urls = dict(found.base_urls) if found else {}
    for service in SERVICES:
        if given := os.environ.get(variable(service)):
            urls[service] = given.rstrip("/")
    who, token = _identity(principal)
    # Certificates are read only where an address speaks TLS: that takes longer than many a call.
    tls = any(url.startswith("https:") for url in urls.values())
    client = resources.enter_context(httpx.Client(timeout=_SECONDS, verify=tls))
    return Door(urls, token, who, client)


def _identity(principal: str | None) -> tuple[str, str | None]:
    """Say who asks, with which token: --as, then PATCHVIGIL_TOKEN, then PATCHVIGIL_PRINCIPAL."""
    given = os.environ.get("PATCHVIGIL_TOKEN")
    if principal is None and given:
        return "the bearer of PATCHVIGIL_TOKEN", given
    held = tokens(Home(home()))
    who = principal or os.environ.get("PATCHVIGIL_PRINCIPAL")
    if who is not None and who not in held:
        raise RefusedError(
            Exit.USAGE,
            f"the home holds no token of {who}",
            f"{home()} holds those of: {', '.join(sorted(held)) or 'nobody'}",
            "name one of them, or set PATCHVIGIL_TOKEN instead",
        )
    who = who or OPERATOR
    return who, held.get(who)

"""A real webhook receiver and a real SMTP server on loopback, which people's pagers stand for."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import orjson
import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, Request, Response

from deploy.embedded.ports import free_port


@dataclass(frozen=True, slots=True)
class Call:
    """One webhook call that a receiver got and whose signature it has checked."""

    path: str
    id: str
    body: dict[str, Any]
    genuine: bool
    at: float


@dataclass(slots=True)
class Hooks:
    """The webhook receivers, one a path; `answers` are the status codes each gives, in order."""

    url: str
    secrets: dict[str, bytes]
    calls: list[Call] = field(default_factory=list)
    answers: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def to(self, path: str, **equal: object) -> list[Call]:
        """Calls to one receiver whose bodies have these values."""
        return [
            call
            for call in self.calls
            if call.path == path and all(call.body.get(k) == v for k, v in equal.items())
        ]

    async def take(self, path: str, request: Request) -> Response:
        raw = await request.body()
        given = {k: request.headers[f"webhook-{k}"] for k in ("id", "timestamp", "signature")}
        signed = f"{given['id']}.{given['timestamp']}.".encode() + raw
        proof = base64.b64encode(hmac.digest(self.secrets[path], signed, hashlib.sha256)).decode()
        fresh = abs(time.time() - int(given["timestamp"])) < 60
        genuine = fresh and hmac.compare_digest(given["signature"], f"v1,{proof}")
        self.calls.append(Call(path, given["id"], orjson.loads(raw), genuine, time.time()))
        waiting = self.answers[path]
        return Response("ok", status_code=waiting.pop(0) if waiting else 202)


@asynccontextmanager
async def hooks(secrets: dict[str, bytes]) -> AsyncIterator[Hooks]:
    """Serve webhook receivers on loopback."""
    port = free_port([])
    found = Hooks(f"http://127.0.0.1:{port}", secrets)
    app = FastAPI()
    app.add_api_route("/{path}", found.take, methods=["POST"])
    config = uvicorn.Config(app, "127.0.0.1", port, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    # Server.serve() would take over the signals of the process that runs the tests.
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    ticking = asyncio.create_task(server.main_loop())
    try:
        yield found
    finally:
        server.should_exit = True
        await ticking
        await server.shutdown()


@dataclass(slots=True)
class Inbox:
    """The SMTP server's mail; addresses in `refused` are answered with 550."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def to(self, address: str) -> list[EmailMessage]:
        """Mail to one address."""
        return [mail for mail in self.mails if mail["To"] == address]

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's names)
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  (aiosmtpd's names)
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 kept as 4711"


@asynccontextmanager
async def inbox() -> AsyncIterator[Inbox]:
    """Serve mail on loopback."""
    found = Inbox(free_port([]))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(found, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", found.port
    )
    try:
        yield found
    finally:
        server.close()
        await server.wait_closed()

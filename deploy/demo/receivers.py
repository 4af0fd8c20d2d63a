"""Two real receivers that the demonstration starts: a webhook endpoint and an SMTP server."""

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

import orjson
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.embedded.ports import free_port

T = TypeVar("T")

_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Call:
    """One webhook call as it arrived; `genuine` tells whether its signature held."""

    path: str
    message_id: str
    genuine: bool
    body: dict[str, Any]
    at: float


@dataclass(slots=True)
class Inbox:
    """What arrived, in order, with a way to wait for more."""

    calls: list[Call] = field(default_factory=list)
    mails: list[Message] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self, item: Call | Message) -> None:
        """Keep an arrival and wake those who wait."""
        with self._arrived:
            if isinstance(item, Call):
                self.calls.append(item)
            else:
                self.mails.append(item)
            self._arrived.notify_all()

    def await_call(self, person: str, text: str, patience: float = _PATIENCE) -> Call:
        """Wait for a webhook call to a person that contains a text.

        Raises:
            TimeoutError: none came in time.
        """
        return self._await(
            lambda: next(
                (c for c in self.calls if c.path == f"/{person}" and text in str(c.body)), None
            ),
            f"a call to {person} with {text!r}",
            patience,
        )

    def await_mail(self, person: str, text: str, patience: float = _PATIENCE) -> Message:
        """Wait for a mail to a person whose subject or text contains a text.

        Raises:
            TimeoutError: none came in time.
        """
        return self._await(
            lambda: next(
                (m for m in self.mails if person in str(m["to"]) and text in text_of(m)), None
            ),
            f"a mail to {person} with {text!r}",
            patience,
        )

    def _await(self, find: Callable[[], T | None], what: str, patience: float) -> T:
        deadline = time.monotonic() + patience
        with self._arrived:
            while (found := find()) is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{what} did not come within {patience:.0f} s")
                self._arrived.wait(left)
        return found


def text_of(mail: Message) -> str:
    """Give a mail's subject and plain text."""
    part = mail.get_body(("plain",)) if isinstance(mail, EmailMessage) else None
    return f"{mail['subject']}\n{part.get_content() if part else mail.get_payload()}"


def as_received(mail: Message) -> str:
    """Give a mail's headers and plain text, as a mail program shows its source."""
    headers = "\n".join(f"{name}: {value}" for name, value in mail.items())
    part = mail.get_body(("plain",)) if isinstance(mail, EmailMessage) else None
    return f"{headers}\n\n{part.get_content() if part else mail.get_payload()}"


def genuine(secret: bytes, headers: dict[str, str], body: bytes) -> bool:
    """Check a call as Standard Webhooks asks its receivers to: HMAC over id, time and body."""
    signed = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}.".encode() + body
    wanted = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(each, f"v1,{wanted}") for each in given)


class _Mailbox:
    """Takes mail from the SMTP server."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a message."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode()
        self._inbox.take(message_from_bytes(raw, policy=default))
        return "250 kept"


def _handler(inbox: Inbox, secret: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers 200 to a call whose signature holds, 401 to any other."""

        protocol_version = "HTTP/1.1"  # callers keep their connections, as they do with pagers
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            holds = genuine(secret, headers, body)
            self.send_response(200 if holds else 401)
            self.send_header("content-length", "0")
            self.end_headers()
            message = headers.get("webhook-id", "")
            inbox.take(Call(self.path, message, holds, orjson.loads(body), time.time()))

        def log_message(self, *_: object) -> None:
            """Say nothing: the story prints what arrives."""

    return Handler


@dataclass(frozen=True, slots=True)
class Receivers:
    """Where the receivers listen, and what they got."""

    webhook_port: int
    smtp_port: int
    inbox: Inbox


@contextmanager
def receiving(secret: bytes, webhook_port: int = 0, smtp_port: int = 0) -> Iterator[Receivers]:
    """Run both receivers on loopback for as long as the context lasts; port 0 picks a free one."""
    inbox = Inbox()
    server = ThreadingHTTPServer(("127.0.0.1", webhook_port), _handler(inbox, secret))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="webhook receiver", daemon=True)
    thread.start()
    mail = Controller(_Mailbox(inbox), hostname="127.0.0.1", port=smtp_port or free_port())
    mail.start()
    try:
        yield Receivers(server.server_address[1], mail.port, inbox)
    finally:
        mail.stop()
        server.shutdown()
        server.server_close()
        thread.join()

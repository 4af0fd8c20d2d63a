"""The auditor's own way to people: one signed webhook and one mail, past Kafka and notification."""

import asyncio
import logging
import smtplib
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

import httpx
import orjson

from services.deadline_clock.auditor_settings import AuditorSettings
from services.deadline_clock.store.auditing import Message
from services.kit import webhook_signature

_log = logging.getLogger(__name__)
_TIMEOUT = 10.0


class SecondPath:
    """Sends messages; every try of one carries the same id, so that a repeat is known."""

    def __init__(self, settings: AuditorSettings, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http

    async def send(self, message: Message, now: datetime) -> Mapping[str, str]:
        """Try every channel that has not taken the message; answers what each fault was, or ''.

        A channel that is not set, or has taken it already, is not in the answer.
        """
        wanted = {
            "webhook": bool(self._settings.webhook_url) and not message.webhook_told,
            "mail": bool(self._settings.mail_to) and not message.mail_told,
        }
        sending = {"webhook": self._webhook, "mail": self._mail}
        faults: dict[str, str] = {}
        for channel, send in sending.items():
            if not wanted[channel]:
                continue
            try:
                await send(message, now)
            except (httpx.HTTPError, httpx.InvalidURL, smtplib.SMTPException, OSError) as error:
                faults[channel] = f"{channel}: {type(error).__name__}: {error}"[:300]
                _log.error("the second path failed: %s", faults[channel])
            else:
                faults[channel] = ""
        return faults

    async def _webhook(self, message: Message, now: datetime) -> None:
        body = orjson.dumps(
            {
                "type": f"auditor.{message.kind}",
                "timestamp": message.raised_at,
                "summary": message.summary,
                "lines": message.lines,
            }
        )
        secret = self._settings.webhook_secret.get_secret_value()
        signed = (
            webhook_signature.headers(
                str(message.message), now, body, webhook_signature.secret_bytes(secret)
            )
            if secret
            else {"webhook-id": str(message.message)}
        )
        answer = await self._http.post(
            self._settings.webhook_url,
            content=body,
            headers={**signed, "content-type": "application/json"},
        )
        answer.raise_for_status()

    async def _mail(self, message: Message, _now: datetime) -> None:
        mail = EmailMessage()
        mail["From"] = self._settings.mail_from
        mail["To"] = self._settings.mail_to
        mail["Subject"] = message.summary[:200]
        mail["Date"] = format_datetime(message.raised_at)
        mail["Message-ID"] = f"<{message.message}@auditor.patchvigil.invalid>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["Importance"] = "high"
        mail.set_content("\n".join((message.summary, "", *message.lines)) + "\n")
        await asyncio.to_thread(self._hand_over, mail)

    def _hand_over(self, mail: EmailMessage) -> None:
        kept = self._settings
        kind = smtplib.SMTP_SSL if kept.mail_tls == "implicit" else smtplib.SMTP
        with kind(kept.mail_host, kept.mail_port, timeout=_TIMEOUT) as server:
            if kept.mail_tls == "starttls":
                server.starttls()
            if kept.mail_user:
                server.login(kept.mail_user, kept.mail_password.get_secret_value())
            server.send_message(mail, parseaddr(kept.mail_from)[1], [kept.mail_to])

    async def beat(self) -> None:
        """Tell a dead man's switch elsewhere that the auditor lives, where one is set."""
        if not self._settings.heartbeat_url:
            return
        try:
            await self._http.get(self._settings.heartbeat_url)
        except httpx.HTTPError as error:
            _log.warning("the heartbeat was not taken: %s", type(error).__name__)


def client() -> httpx.AsyncClient:
    """An HTTP client that gives up soon and follows no redirect: the address is the operator's."""
    return httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False)

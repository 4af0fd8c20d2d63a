"""Sends mail through the roster's SMTP server; a message keeps its Message-ID on every try."""

from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib

from services.notification.channels.outcome import Accepted, SendError
from services.notification.domain import message as wording
from services.notification.domain.alert import Content
from services.notification.domain.message import Envelope
from services.notification.domain.roster import Mail

_TIMEOUT = 15
_PERMANENT = 500
_RECEIPT = 200


def compose(content: Content, envelope: Envelope, mail: Mail, address: str) -> EmailMessage:
    """Write the mail."""
    message = EmailMessage()
    message["From"] = mail.sender
    message["To"] = address
    message["Subject"] = wording.subject(content, envelope)
    message["Date"] = format_datetime(envelope.raised_at)
    message["Message-ID"] = f"<{envelope.message_id}@patchvigil.invalid>"
    message["References"] = f"<{envelope.alert}@patchvigil.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Patchvigil-Dedup-Key"] = envelope.dedup_key
    if content.kind == "page" and envelope.purpose != "resolved":
        message["Importance"] = "high"
    message.set_content(wording.text(content, envelope))
    return message


async def send(mail: Mail, password: str | None, message: EmailMessage) -> Accepted:
    """Hand one mail to the server.

    Raises:
        SendError: the server cannot be reached or refuses the mail.
    """
    try:
        _, answer = await aiosmtplib.send(
            message,
            hostname=mail.host,
            port=mail.port,
            username=mail.user,
            password=password,
            use_tls=mail.tls == "implicit",
            start_tls=mail.tls == "starttls",
            timeout=_TIMEOUT,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = [each.code for each in error.recipients]
        raise SendError("the mail server refused the address", permanent=_final(codes)) from error
    except aiosmtplib.SMTPResponseException as error:
        raise SendError(
            f"the mail server answered {error.code}", permanent=_final([error.code])
        ) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise SendError(f"{type(error).__name__} on the way to the mail server") from error
    return Accepted(answer[:_RECEIPT])


def _final(codes: list[int]) -> bool:
    return bool(codes) and all(code >= _PERMANENT for code in codes)

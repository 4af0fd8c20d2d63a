"""Sends mail through the roster's SMTP server; a message keeps its Message-ID on every try."""

import binascii
import re
from email.header import Header
from email.utils import format_datetime, parseaddr

import aiosmtplib

from services.notification.channels.outcome import Accepted, SendError
from services.notification.domain import message as wording
from services.notification.domain.alert import Content
from services.notification.domain.message import Envelope
from services.notification.domain.roster import Mail

_TIMEOUT = 15
_PERMANENT = 500
_RECEIPT = 200


def compose(content: Content, envelope: Envelope, mail: Mail, address: str) -> bytes:
    """Write the mail as it goes over the wire (RFC 5322), in ASCII and short lines.

    `email.message.EmailMessage` would parse again each header it is given: 25 times the work.
    """
    headers = {
        "From": mail.sender,
        "To": address,
        "Subject": wording.subject(content, envelope),
        "Date": format_datetime(envelope.raised_at),
        "Message-ID": f"<{envelope.message_id}@patchvigil.invalid>",
        "References": f"<{envelope.alert}@patchvigil.invalid>",
        "Auto-Submitted": "auto-generated",
        "X-Patchvigil-Dedup-Key": envelope.dedup_key,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "quoted-printable",
    }
    if content.kind == "page" and envelope.purpose != "resolved":
        headers["Importance"] = "high"
    lines = [f"{name}: {_header(name, value)}" for name, value in headers.items()]
    worded = wording.text(content, envelope)
    text = "\r\n".join(re.split(r"\r\n|\r|\n", worded)).encode()  # a fact may hold any of them
    return "\r\n".join([*lines, "", ""]).encode("ascii") + binascii.b2a_qp(text, istext=True)


def _header(name: str, value: str) -> str:
    """A header on lines of at most 78 characters; no value can begin a header of its own."""
    one_line = " ".join(value.split())
    if one_line.isascii() and len(name) + 2 + len(one_line) <= _LINE:
        return one_line
    charset = "us-ascii" if one_line.isascii() else "utf-8"
    return Header(one_line, charset, _LINE, name).encode(linesep="\r\n")


_LINE = 78


async def send(mail: Mail, password: str | None, message: bytes, address: str) -> Accepted:
    """Hand one mail to the server.

    Raises:
        SendError: the server cannot be reached or refuses the mail.
    """
    try:
        _, answer = await aiosmtplib.send(
            message,
            sender=parseaddr(mail.sender)[1],
            recipients=[address],
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

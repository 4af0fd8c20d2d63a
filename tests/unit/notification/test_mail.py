"""A mail says the same to every mail program, and no fact can write a header of its own."""

from datetime import timedelta
from email import message_from_bytes, policy

from hypothesis import given
from hypothesis import strategies as st

from schemas.clocks import ClockEscalated, Severity
from services.notification.channels.mail import compose
from services.notification.domain.alert import content
from services.notification.domain.message import Envelope, subject, text
from services.notification.domain.roster import Mail
from tests.unit.notification.conftest import NOW, clock

SERVER = Mail(host="mail", sender="Patchvigil <patchvigil@example.org>")


@given(label=st.text(min_size=1, max_size=300), key=st.text(max_size=300), late=st.booleans())
def test_a_mail_reads_back_as_it_was_worded(label: str, key: str, late: bool) -> None:
    escalated = ClockEscalated(
        clock=clock().model_copy(update={"label": label}), step="start", severity=Severity.PAGE,
        targets=("t",), remaining_seconds=-60 if late else 60, stops_when="a filing is recorded",
    )  # fmt: skip
    told = content(escalated, None)
    envelope = Envelope(
        "m-1", "a-1", key, "page", NOW, "psirt-1", "Europe/Berlin", "http://x", "http://x/ack/t",
        "Second engineer", timedelta(minutes=15),
    )  # fmt: skip
    raw = compose(told, envelope, SERVER, "psirt-1@example.org")
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))  # RFC 5322, 2.1.1
    assert raw.count(b"\r\n\r\n") >= 1
    mail = message_from_bytes(raw, policy=policy.default)
    assert sorted(mail.keys()) == [
        "Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From",
        "Importance", "MIME-Version", "Message-ID", "References", "Subject", "To",
        "X-Patchvigil-Dedup-Key",
    ]  # fmt: skip
    assert "".join(str(mail["Subject"]).split()) == "".join(subject(told, envelope).split())
    assert mail["To"] == "psirt-1@example.org"
    body = mail.get_content()
    assert isinstance(body, str)
    assert body.splitlines() == text(told, envelope).splitlines()

"""What a page says, what makes it one alert, and what its links and signatures prove."""

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.clocks import ClockEscalated, ClockMode, RuleKind, Severity
from services.kit import webhook_signature
from services.notification.domain import ack_link
from services.notification.domain.ack_link import LinkError, Ticket
from services.notification.domain.alert import (
    Kind,
    content,
    dedup_key,
    draft_line,
    kind_of,
    left,
    pending,
)
from services.notification.domain.facts import Held
from services.notification.domain.message import Envelope, body, text
from services.notification.sender import back_off
from tests.unit.notification.conftest import NOW, SOURCE, Desk, clock, facts, product

KEY = b"a key of more than sixteen bytes"
ENVELOPE = Envelope(
    "m", "a", "k", "page", NOW, "psirt-1", "Europe/Berlin", "http://x",
    "http://x/ack/t", "Second engineer", timedelta(minutes=15),
)  # fmt: skip


def escalated(**more: object) -> ClockEscalated:
    values: dict[str, object] = {
        "clock": clock(), "step": "T-12h", "severity": Severity.PAGE, "targets": ("t",),
        "remaining_seconds": 14280, "stops_when": "a filing is recorded", **more,
    }  # fmt: skip
    return ClockEscalated.model_validate(values)


def test_a_step_and_a_deadline_make_an_alert_and_nothing_else_does() -> None:
    moved = clock(due_operational=NOW + timedelta(hours=20))
    keys = {
        dedup_key(clock(), "start"),
        dedup_key(clock(label="other"), "start"),
        dedup_key(clock(), "T-12h"),
        dedup_key(moved, "start"),
    }
    assert keys == {
        f"pv:k1:{int((NOW + timedelta(hours=24)).timestamp())}:start",
        f"pv:k1:{int((NOW + timedelta(hours=24)).timestamp())}:T-12h",
        f"pv:k1:{int((NOW + timedelta(hours=20)).timestamp())}:start",
    }


@given(mode=st.sampled_from(ClockMode), severity=st.sampled_from(Severity))
def test_only_a_mandatory_clock_ever_pages(mode: ClockMode, severity: Severity) -> None:
    event = escalated(clock=clock(mode=mode), severity=severity)
    pages = mode is ClockMode.MANDATORY and severity is Severity.PAGE
    assert (kind_of(event) is Kind.PAGE) is pages


@given(cases=st.lists(st.text(min_size=1, max_size=200), max_size=60))
def test_a_summary_never_exceeds_what_pagers_take(cases: list[str]) -> None:
    told = content(escalated(cases=tuple(cases)), None)
    assert len(told.summary.encode()) <= 1024


def test_a_page_says_what_is_left_what_lacks_and_who_is_next() -> None:
    draft = Desk().draft(facts(product=Held(product(markets=()), SOURCE)))
    told = content(escalated(), draft_line(draft, approved=False))
    written = text(told, ENVELOPE)
    assert told.summary.startswith("[CRA 24 h early warning] 3 h 58 m left - PV-1 gateway")
    for wanted in (
        "2026-11-23 12:00Z (Mon 23 Nov 13:00 CET, Europe/Berlin)",
        "lacks: Member States where available",
        "Second engineer, if nobody acknowledges within 15 min",
        "http://x/v1/drafts/d1.html",
        "does not stop the clock",
    ):
        assert wanted in written, wanted
    assert body(told, ENVELOPE).content.draft is not None


@pytest.mark.parametrize(
    ("kind", "mode", "duty"),
    [
        (RuleKind.LAW, ClockMode.MANDATORY, "mandatory"),
        (RuleKind.LAW, ClockMode.SHADOW, "not a legal duty"),
        (RuleKind.GUIDANCE, ClockMode.MANDATORY, "guidance, not a legal duty"),
        (RuleKind.POLICY, ClockMode.MANDATORY, "policy, not a legal duty"),
    ],
)
def test_guidance_and_policy_never_read_as_law(kind: RuleKind, mode: ClockMode, duty: str) -> None:
    told = content(escalated(clock=clock(kind=kind, mode=mode)), None)
    assert f"Duty: {duty}\n" in text(told, ENVELOPE)


def test_a_page_says_how_sure_we_are_of_its_rule_where_the_clock_says_so() -> None:
    sure = escalated(clock=clock(confidence="interpretation"))
    assert "rule cra.aev.early_warning (interpretation), cra@1" in text(
        content(sure, None), ENVELOPE
    )
    assert "rule cra.aev.early_warning, cra@1" in text(content(escalated(), None), ENVELOPE)


def test_a_page_that_went_ahead_of_its_draft_says_so_and_where_it_will_be() -> None:
    told = content(escalated(), pending("d1"))
    assert told.summary.endswith("draft is being prepared")
    assert "Draft is being prepared: http://x/v1/drafts/d1.html" in text(told, ENVELOPE)
    assert body(told, ENVELOPE).draft_url == "http://x/v1/drafts/d1.html"
    none = text(content(escalated(), None), ENVELOPE)
    assert "Draft: none is prepared for this clock" in none


def test_time_left_is_told_in_words_a_late_one_too() -> None:
    assert left(None) == "no deadline yet"
    assert left(-7500) == "2 h 5 m late"
    assert left(3 * 86400 + 7200) == "3 d 2 h left"


@given(alert=st.uuids().map(str), person=st.from_regex(r"[a-z][a-z0-9._@-]{0,20}", fullmatch=True))
def test_a_link_reads_back_until_it_expires(alert: str, person: str) -> None:
    ticket = Ticket(alert, person, NOW + timedelta(hours=1))
    token = ack_link.make(ticket, KEY)
    assert ack_link.read(token, KEY, NOW) == ticket
    with pytest.raises(LinkError, match="expired"):
        ack_link.read(token, KEY, NOW + timedelta(hours=1))
    with pytest.raises(LinkError, match="not made here"):
        ack_link.read(token, b"another key of sixteen bytes", NOW)


@given(position=st.integers(0, 200), swapped=st.sampled_from("AbC9_-"))
def test_an_altered_link_proves_nothing(position: int, swapped: str) -> None:
    token = ack_link.make(Ticket("alert", "psirt", NOW + timedelta(hours=1)), KEY)
    position %= len(token)
    altered = token[:position] + swapped + token[position + 1 :]
    if base64.urlsafe_b64decode(altered + "==") != base64.urlsafe_b64decode(token + "=="):
        with pytest.raises(LinkError):
            ack_link.read(altered, KEY, NOW)


@pytest.mark.parametrize("junk", ["", "x", "%%%", "AAAA" * 30])
def test_junk_is_no_link(junk: str) -> None:
    with pytest.raises(LinkError):
        ack_link.read(junk, KEY, NOW)


def test_a_webhook_is_signed_as_the_standard_says() -> None:
    secret = webhook_signature.secret_bytes("whsec_" + base64.b64encode(b"shared").decode())
    found = webhook_signature.headers("msg_1", NOW, b'{"a":1}', secret)
    seconds = int(NOW.timestamp())
    wanted = hmac.digest(b"shared", f"msg_1.{seconds}.".encode() + b'{"a":1}', hashlib.sha256)
    assert found["webhook-signature"] == f"v1,{base64.b64encode(wanted).decode()}"
    with pytest.raises(ValueError, match="empty"):
        webhook_signature.secret_bytes(" \n")


def test_tries_wait_longer_each_time_and_as_long_as_the_receiver_asks() -> None:
    waits = [back_off(n, None).total_seconds() for n in (1, 2, 3, 50)]
    assert waits == [0.5, 1.0, 2.0, 60.0]
    assert back_off(1, 30).total_seconds() == 30
    assert back_off(1, 1e9).total_seconds() == 600

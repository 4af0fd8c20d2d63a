"""The whole story on wire Kafka: from a submitted advisory to a covered fleet."""

from collections import defaultdict

import pytest

from deploy.demo.acts.plot import OPENSSL, case_of
from schemas.campaigns import CoverageChanged
from schemas.topics import SERVICES, TOPICS
from tests.fleet.theatre import Theatre

pytestmark = [pytest.mark.stack, pytest.mark.slow]

OWN = [
    each.name for each in TOPICS.values()
    if set(each.written_by) <= set(SERVICES) and not each.name.endswith(".quarantine")
]  # fmt: skip
"""Topics of the fleet alone: an inbound one holds what others write, as they write it."""
RECOUNT = """
SELECT count(*) AS total, count(*) FILTER (WHERE state = 'verified') AS covered
FROM deployment_tracker.standing
"""
TIMELINE = "SELECT id, type, case_id, causation FROM triage.timeline"


def test_every_check_of_the_demonstration_holds(played: Theatre) -> None:
    checks = played.stage.checks
    assert [f"({c.act}) {c.what}: {c.found}" for c in checks if not c.passed] == []
    assert {each.act for each in checks} == set(range(1, 12))


def test_every_submission_has_come_to_an_end(played: Theatre) -> None:
    found = played.stage.get("intake", "/v1/submissions?limit=500")["items"]
    assert len(found) >= 9
    assert {each["status"] for each in found} <= {"published", "unchanged"}


def test_each_key_of_a_stream_counts_its_revisions_without_a_gap(played: Theatre) -> None:
    counted: dict[tuple[str, bytes], list[int]] = defaultdict(list)
    events: dict[str, str] = {}
    for topic in OWN:
        for record in played.books.records(topic):
            headers = {name: value.decode() for name, value in record.headers()}
            assert events.setdefault(headers["ce_id"], topic) == topic, "an id stands for one event"
            counted[topic.removesuffix(".bulk"), record.key()].append(int(headers["ce_revision"]))
    assert len(events) > 500
    for (stream, key), revisions in counted.items():
        assert sorted(set(revisions)) == list(range(1, max(revisions) + 1)), (stream, key)


def test_nobody_was_called_twice_for_the_same_and_every_call_is_signed(played: Theatre) -> None:
    calls = played.inbox.calls
    assert len({each.message_id for each in calls}) == len(calls) > 5
    assert all(each.genuine for each in calls)
    mails = [str(each["message-id"]) for each in played.inbox.mails]
    assert len(set(mails)) == len(mails) > 0


def test_a_shadow_clock_pages_nobody(played: Theatre) -> None:
    clocks = played.stage.get("deadline-clock", "/v1/clocks?mode=shadow&limit=500")["items"]
    shadows = {each["clock"] for each in clocks}
    assert shadows
    alerts = played.stage.get("notification", "/v1/alerts?limit=500")["items"]
    about = [each for each in alerts if each["clock"] in shadows]
    assert about, "a shadow clock is shown as a ticket"
    told = {(each["kind"], each["turn_of"], d["to"]) for each in about for d in each["deliveries"]}
    assert told == {("ticket", None, "tickets")}, told


def test_the_coverage_topic_says_what_the_recount_says(played: Theatre) -> None:
    played.books.come_to_rest()
    last: dict[bytes, CoverageChanged] = {}
    for record in played.books.records("coverage"):
        if record.value() is None:
            last.pop(record.key(), None)
        else:
            last[record.key()] = CoverageChanged.model_validate_json(record.value())
    (recount,) = played.books.ask(RECOUNT)
    assert sum(each.total for each in last.values()) == recount[0]["total"] == 1500
    assert sum(each.covered for each in last.values()) == recount[0]["covered"] > 0


def test_the_timeline_follows_a_page_back_to_the_submission(played: Theatre) -> None:
    case = case_of(played.stage, OPENSSL)
    (rows,) = played.books.ask(TIMELINE)
    caused = {str(each["id"]): each for each in rows}
    filings = [each for each in rows if each["type"] == "clock.met.v1" and each["case_id"] == case]
    assert filings
    alerts = [
        each for each in rows if each["type"] == "alert.raised.v1" and each["case_id"] == case
    ]
    assert alerts
    seen: set[str] = set()
    for alert in alerts:
        cause: str | None = str(alert["id"])
        while cause in caused:
            seen.add(caused[cause]["type"])
            cause = caused[cause]["causation"]
    assert {"clock.escalated.v1", "case.signalled.v1"} <= seen

"""Replaying every topic from its start changes no state and tells nobody twice (invariant 2)."""

import base64

import pytest
from confluent_kafka import Producer

from deploy.demo.acts.plot import DOCUMENTS
from deploy.postgres.roles import schema
from schemas.topics import INTEGRATION, SERVICES
from tests.fleet.books import different
from tests.fleet.theatre import Theatre

pytestmark = [pytest.mark.stack, pytest.mark.slow]

FREEZE = "UPDATE {schema}.kit_timer SET fire_at = due_at WHERE state = 'armed'"
TO_START = "DELETE FROM {schema}.kit_position"
EMPTY_INBOX = "DELETE FROM {schema}.kit_inbox"
INBOX = "SELECT count(*) AS n FROM {schema}.kit_inbox"


@pytest.fixture(scope="module")
def still(played: Theatre) -> Theatre:
    """The fleet in law's time: what falls due between two looks is not the replay's doing."""
    _submit_over_kafka(played)
    played.books.come_to_rest()
    played.close()
    played.books.ask(*(FREEZE.format(schema=schema(each)) for each in SERVICES))
    played.open(compression=1.0)
    return played


def _submit_over_kafka(house: Theatre) -> None:
    """Let the inbound topic hold something too: the story itself submits over HTTP."""
    value = (DOCUMENTS / "06-advisory-zlib.json").read_bytes()
    signature = base64.b64encode(house.stage.cast.release_key.sign(value)).decode()
    producer = Producer({**house.stack.kafka.client(INTEGRATION), "log_level": 0})
    for name in ("zlib.json", "zlib-again.json"):
        headers = {
            "ce_subject": name, "content-type": "application/json",
            "pv-principal": "release-key", "pv-signature": signature,
        }  # fmt: skip
        topic = f"{house.stack.topic_prefix}submissions"
        producer.produce(topic, value, f"release-key/{name}", headers=list(headers.items()))
    assert producer.flush(30) == 0


@pytest.mark.parametrize("emptied", [False, True], ids=["inbox kept", "inbox emptied"])
def test_a_replay_of_every_topic_changes_nothing_and_tells_nobody_twice(
    still: Theatre, emptied: bool
) -> None:
    before = still.books.come_to_rest()
    events, told = still.books.ids(), _told(still)
    assert len(told) > 10
    still.close()
    forget = [TO_START, EMPTY_INBOX] if emptied else [TO_START]
    still.books.ask(*(each.format(schema=schema(name)) for name in SERVICES for each in forget))
    still.open(compression=1.0)
    after = still.books.come_to_rest()
    assert different(before, after) == {}
    assert _told(still) == told
    again = still.books.ids()
    assert set(again) == set(events), "the replay decided something that was not decided before"
    if not emptied:
        assert len(again) == len(events), "with the inbox kept nothing is published again"
    for service in SERVICES:
        assert still.stage.get(service, "/v1/quarantine")["items"] == []
        assert still.stage.get(service, "/v1/reconcile")["differences"] == []


def _told(house: Theatre) -> list[str]:
    """Name every webhook call and mail that arrived, as often as it did."""
    mails = [str(each["message-id"]) for each in house.inbox.mails]
    return sorted([each.message_id for each in house.inbox.calls] + mails)

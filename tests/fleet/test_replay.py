"""Replaying every topic from its start changes no state and tells nobody twice (invariant 2)."""

import pytest

from deploy.postgres.roles import schema
from schemas.topics import SERVICES
from tests.fleet.books import different
from tests.fleet.theatre import Theatre

pytestmark = [pytest.mark.stack, pytest.mark.slow]

TO_START = "DELETE FROM {schema}.kit_position"
EMPTY_INBOX = "DELETE FROM {schema}.kit_inbox"
INBOX = """
SELECT '{schema}' AS schema, consumer, count(*) AS n FROM {schema}.kit_inbox GROUP BY 2 ORDER BY 2
"""


@pytest.mark.parametrize("emptied", [False, True], ids=["inbox kept", "inbox emptied"])
def test_a_replay_of_every_topic_changes_nothing_and_tells_nobody_twice(
    still: Theatre, emptied: bool
) -> None:
    before = still.books.come_to_rest()
    events, told, handled = still.books.ids(), _told(still), _handled(still)
    assert len(told) > 10
    assert len(handled) > len(SERVICES), "every service remembers what it handled"
    still.close()
    forget = [TO_START, EMPTY_INBOX] if emptied else [TO_START]
    still.books.ask(*(each.format(schema=schema(name)) for name in SERVICES for each in forget))
    still.open(compression=1.0)
    after = still.books.come_to_rest()
    assert different(before, after) == {}
    assert _told(still) == told
    assert _handled(still) == handled, "every consumer has read everything again"
    again = still.books.ids()
    assert set(again) == set(events), "the replay decided something that was not decided before"
    if not emptied:
        assert len(again) == len(events), "with the inbox kept nothing is published again"
    for service in SERVICES:
        assert still.stage.get(service, "/v1/quarantine")["items"] == []
        assert still.stage.get(service, "/v1/reconcile")["differences"] == []


def _handled(house: Theatre) -> dict[str, int]:
    """Count what each consumer remembers to have handled."""
    rows = house.books.ask(*(INBOX.format(schema=schema(each)) for each in SERVICES))
    return {row["consumer"]: row["n"] for found in rows for row in found}


def _told(house: Theatre) -> list[str]:
    """Name every webhook call and mail that arrived, as often as it did."""
    mails = [str(each["message-id"]) for each in house.inbox.mails]
    return sorted([each.message_id for each in house.inbox.calls] + mails)

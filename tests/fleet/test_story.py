"""The whole story on wire Kafka: from a submitted advisory to a covered fleet."""

import pytest

from tests.fleet.theatre import Theatre

pytestmark = [pytest.mark.stack, pytest.mark.slow]


def test_every_check_of_the_demonstration_holds(played: Theatre) -> None:
    failed = [
        f"({each.act}) {each.what}: {each.found}" for each in played.stage.checks if not each.passed
    ]
    assert not failed
    assert {each.act for each in played.stage.checks} == set(range(1, 12))

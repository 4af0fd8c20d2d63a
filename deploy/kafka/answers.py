"""Waits for the broker's answers to an administrator's requests."""

from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaException

PATIENCE = 30.0
"""Seconds that the broker has for an answer."""


def settle(answers: Iterable[Future[Any]], *, fine: int | None = None) -> None:
    """Wait for every answer, then raise the first refusal that is not `fine`."""
    refusals = []
    for answer in answers:
        try:
            answer.result(PATIENCE)
        except KafkaException as error:
            if error.args[0].code() != fine:
                refusals.append(error)
    if refusals:
        raise refusals[0]

"""Works out who may do what on Kafka, from who writes and reads each topic."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from schemas.topics import TOPICS, users


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One access rule: a user may do one operation on one resource, or on all that begin so."""

    kind: Literal["topic", "group"]
    name: str
    user: str
    operation: Literal["READ", "WRITE"]

    @property
    def by_prefix(self) -> bool:
        """Whether `name` is the beginning of names: consumer groups are, topics never."""
        return self.kind == "group"

    def __str__(self) -> str:
        return f"{self.user} may {self.operation} {self.kind} {self.name}{'*' * self.by_prefix}"


def rules(prefix: str = "") -> frozenset[Rule]:
    """Give every rule of the fleet; reading and writing imply describing, in Kafka's own logic."""
    return frozenset(_rules(prefix))


def _rules(prefix: str) -> Iterator[Rule]:
    for topic in TOPICS.values():
        for user in topic.written_by:
            yield Rule("topic", prefix + topic.name, user, "WRITE")
        for user in topic.read_by:
            yield Rule("topic", prefix + topic.name, user, "READ")
    for user in users():
        yield Rule("group", f"{prefix}{user}.", user, "READ")

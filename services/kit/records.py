"""What a handler is given: decoded events with what travelled beside them, or raw records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, overload
from uuid import UUID

from schemas.event import Event
from services.kit.actors import Actor

EventT_co = TypeVar("EventT_co", bound=Event, covariant=True)
E = TypeVar("E", bound=Event)


class Faulty(Exception):  # noqa: N818  (it speaks of a record, not of a failure of ours)
    """A record that can never be handled as it is: it is quarantined at once, alone.

    `field` is a JSON pointer to the bad place and `mend` says what would repair it.
    """

    def __init__(self, reason: str, field: str | None = None, mend: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Headers(Mapping[str, str]):
    """Kafka headers that anybody may have written: names in lower case, the last of a name counts.

    A name whose value is null or not UTF-8 is not in the mapping but in `faulty`.
    """

    known: Mapping[str, str]
    faulty: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.known[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record as Kafka holds it; a null value (a tombstone) arrives as an empty one.

    `timestamp` is the record's own, set by whoever wrote it. `principal` is the integration whose
    signature over the value was verified; None where there is none or it is wrong.
    """

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: bytes | None
    value: bytes
    headers: Headers
    principal: Actor | None = None


class Cause(Protocol):
    """What an event may follow from: a received event, or a timer that fired."""

    @property
    def id(self) -> UUID:
        """What the id of the event that follows is derived from."""

    @property
    def case(self) -> str | None:
        """The case it belongs to, which goes on to what follows."""

    @property
    def traceparent(self) -> str | None:
        """The trace that goes on with what follows."""


class Received(NamedTuple, Generic[EventT_co]):
    """One event with what its headers say; `bulk` tells on which lane it came."""

    event: EventT_co
    id: UUID
    type: str
    source: str
    time: datetime
    revision: int
    causation: str | None
    case: str | None
    traceparent: str | None
    key: str
    topic: str
    partition: int
    offset: int
    bulk: bool = False


class Batch(Sequence[Received[Event]]):
    """The events of one batch, in the order in which each key was written."""

    __slots__ = ("_received",)

    def __init__(self, received: Sequence[Received[Event]]) -> None:
        self._received = tuple(received)

    @overload
    def __getitem__(self, index: int) -> Received[Event]: ...
    @overload
    def __getitem__(self, index: slice) -> "Batch": ...
    def __getitem__(self, index: int | slice) -> "Received[Event] | Batch":
        if isinstance(index, slice):
            return Batch(self._received[index])
        return self._received[index]

    def __iter__(self) -> Iterator[Received[Event]]:
        return iter(self._received)

    def __len__(self) -> int:
        return len(self._received)

    def of(self, *types: type[E]) -> list[Received[E]]:
        """Pick the events of these types, order kept."""
        chosen: list[Any] = [each for each in self._received if isinstance(each.event, types)]
        return chosen

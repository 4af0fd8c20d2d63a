"""The base of every contract: immutable values, events with type, topic and key, tombstones."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""A moment in time. A naive one is refused; any zone is turned into UTC."""

Name = Annotated[str, Field(min_length=1, max_length=512)]
"""A short text that identifies or titles something; never empty."""


class Value(BaseModel):
    """An immutable part of an event. Unknown fields are ignored, so that contracts may grow."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_timedelta="iso8601")


class Event(Value):
    """A fact in the past tense that one service owns and others may copy.

    A subclass names its type with version (`case.opened.v1`), its topic, and the aggregate whose
    id is the Kafka key. Everything else that travels with it (id, source, time, revision, cause)
    is a CloudEvents header, not a field.
    """

    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]

    @property
    def key(self) -> str:
        """The aggregate's id: Kafka's record key, and what order is kept for."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The end of a key on a compacted topic: a record with an event's headers and no value.

    It says that the topic forgets the key, not that what was said of it is untrue: whoever keeps a
    copy goes on keeping it. A later event of the same key has a higher revision and begins anew.
    """

    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]

    key: str

"""Defines the draft as a document: its fields with source and standing, and its canonical bytes.

The canonical form is RFC 8785 JSON (sorted keys, UTF-8, one way to write each value), so that a
digest binds approvals to exactly what was approved. A document holds texts, whole numbers, truth
values and nothing else, under ASCII names: there orjson writes what RFC 8785 asks for (a test holds
it to the `rfc8785` package), twenty times faster than that does.
"""

import hashlib
from datetime import date, datetime
from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict

from schemas.event import Instant
from services.notification.domain.template import Code, Status

PREPARED: Literal["prepared, not sent"] = "prepared, not sent"
"""On every export: a person files; the software never does."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceRef(_Part):
    """Where a value comes from."""

    kind: Literal["event", "person", "template", "composed"]
    ref: str
    at: Instant
    what: str = ""


class FieldState(_Part):
    """One field as it stands in one revision."""

    id: str
    number: str
    label: str
    code: Code
    must: bool
    basis: str
    confidence: str
    note: str | None = None
    status: Status
    value: str | tuple[str, ...] | None = None
    source: SourceRef | None = None
    reason: str | None = None
    until: str | None = None
    length: int | None = None
    max_length: int | None = None
    fault: str | None = None
    carried_from: str | None = None
    records_say: str | None = None

    @property
    def substance(self) -> tuple[object, ...]:
        """What makes two states of a field differ; a newer event with the same content does not."""
        author = self.source.ref if self.source and self.source.kind == "person" else None
        return (
            self.status,
            self.value,
            self.reason,
            self.until,
            self.fault,
            self.records_say,
            author,
        )


class OpenField(_Part):
    """A field that the draft still lacks, with why and, where known, until when."""

    field: str
    label: str
    required: bool
    reason: str
    expected_on: str | None = None


class TemplateRef(_Part):
    """Which reading of the authority's form the draft follows."""

    id: str
    version: str
    title: str
    authority: str
    stage: str
    stage_note: str
    glossary_version: str
    read_on: date
    confidence: str
    source: str
    channel: str
    open_points: tuple[str, ...]


class DutyRef(_Part):
    """The obligation behind the draft, and whether it binds."""

    clock: str
    rule: str
    pack: str
    kind: str
    label: str
    authority: str
    mode: str
    mode_reason: str
    provisional: bool
    drill: bool = False


class DraftDocument(_Part):
    """One revision of a prepared notification."""

    standing: Literal["prepared, not sent"] = PREPARED
    legal_duty: str
    draft: str
    revision: int
    case: str
    product: str | None
    duty: DutyRef
    template: TemplateRef
    gaps: tuple[OpenField, ...]
    fields: tuple[FieldState, ...]
    prepared_at: Instant

    @property
    def shadow(self) -> bool:
        """Whether this draft can be neither approved nor recorded as filed."""
        return self.duty.mode == "shadow" or self.duty.drill

    def field(self, field_id: str) -> FieldState | None:
        """A field by its id."""
        return next((each for each in self.fields if each.id == field_id), None)

    @property
    def people(self) -> frozenset[str]:
        """Everyone who stated a value that is in it."""
        return frozenset(
            each.source.ref
            for each in self.fields
            if each.source is not None and each.source.kind == "person"
        )


def canonical(document: DraftDocument) -> bytes:
    """Write the document as RFC 8785 canonical JSON."""
    return orjson.dumps(document.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def read(content: bytes) -> DraftDocument:
    """Read a document back from its canonical bytes."""
    return DraftDocument.model_validate_json(content)


def differing(before: DraftDocument, after: DraftDocument) -> tuple[str, ...]:
    """Name the fields that say something else, in the order of the form."""
    earlier = {each.id: each.substance for each in before.fields}
    later = {each.id: each.substance for each in after.fields}
    names = [*later, *(name for name in earlier if name not in later)]
    return tuple(name for name in names if earlier.get(name) != later.get(name))


def same_duty(before: DraftDocument, after: DraftDocument) -> bool:
    """Whether two revisions speak of the same obligation in the same form."""
    return (before.duty, before.template) == (after.duty, after.template)


def utc(at: datetime) -> str:
    """An instant as people read it on a sheet."""
    return f"{at:%Y-%m-%d %H:%M}Z"

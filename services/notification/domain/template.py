"""Defines a template as data: the fields an authority asks for at one filing stage."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Text = Annotated[str, Field(min_length=1)]


class TemplateError(Exception):
    """A template file cannot be used; the message names the field, the reason and the mend."""


class Code(StrEnum):
    """How a portal treats a field at one stage."""

    REQUIRED = "R"
    OPTIONAL = "O"
    CARRIED = "C"
    IF_AVAILABLE = "A"
    SYSTEM = "S"


class Status(StrEnum):
    """What we hold of a field. Unknown is a value of its own, never an empty text."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    PENDING = "pending"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldRule(_Data):
    """One field of one stage.

    `accepts` lists what a person may state instead of a value so that the field counts as answered;
    `must` says whether approval waits for it: required here, or carried from where it was.
    """

    id: Text
    number: Text
    label: Text
    code: Code
    must: bool
    kind: Literal["text", "countries", "datetime", "date"] = "text"
    max_length: int | None = None
    values: tuple[str, ...] = ()
    pattern: str | None = None
    fact: str | None = None
    accepts: tuple[Status, ...] = ()
    basis: Text
    confidence: Literal["verified", "memory", "interpretation"] = "verified"
    note: str | None = None


class Template(_Data):
    """What one filing stage asks for. `carries_from` are the earlier stages, first to last."""

    id: Text
    version: Text
    stage: Text
    title: Text
    authority: Text
    stage_note: Text
    glossary_version: Text
    read_on: date
    confidence: Text
    source: Text
    channel: Text
    open_points: tuple[str, ...]
    carries_from: tuple[str, ...]
    fields: tuple[FieldRule, ...]

    @property
    def name(self) -> str:
        """Template and version, as events carry it."""
        return f"{self.id}@{self.version}"

    def field(self, field_id: str) -> FieldRule | None:
        """The rule of a field, or None where this stage has no such field."""
        return self._by_id.get(field_id)

    @cached_property
    def _by_id(self) -> Mapping[str, FieldRule]:
        return {each.id: each for each in self.fields}


class _Stage(_Data):
    id: Text
    stage: Text
    title: Text
    authority: Text
    stage_note: Text
    open_points: tuple[str, ...] = ()


class _Row(_Data):
    id: Text
    number: Text
    label: Text
    codes: dict[str, Code]
    kind: Literal["text", "countries", "datetime", "date"] = "text"
    max: Annotated[int, Field(gt=0)] | None = None
    values: tuple[str, ...] = ()
    pattern: str | None = None
    fact: str | None = None
    accepts: tuple[Status, ...] = ()
    basis: Text
    confidence: Literal["verified", "memory", "interpretation"] | None = None
    note: str | None = None


class _Matrix(_Data):
    source: Text
    glossary_version: Text
    read_on: date
    confidence: Literal["verified", "memory", "interpretation"]
    channel: Text
    open_points: tuple[str, ...] = ()
    templates: Annotated[tuple[_Stage, ...], Field(min_length=1)]
    fields: Annotated[tuple[_Row, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        stages = {each.stage for each in self.templates}
        seen: set[str] = set()
        for row in self.fields:
            if row.id in seen:
                raise ValueError(f"field {row.id} is listed twice: keep one")
            seen.add(row.id)
            if stray := set(row.codes) - stages:
                raise ValueError(f"field {row.id}: codes name unknown stages {sorted(stray)}")
        return self


def parse(raw: Any) -> tuple[Template, ...]:
    """Read a field matrix, giving one template a stage in the order of the stages.

    Raises:
        TemplateError: a part is missing, unknown or contradicts another.
    """
    try:
        matrix = _Matrix.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise TemplateError(f"{where}: {first['msg']}") from error
    return tuple(_template(matrix, position) for position in range(len(matrix.templates)))


def _template(matrix: _Matrix, position: int) -> Template:
    stage = matrix.templates[position]
    earlier = matrix.templates[:position]
    before = tuple(each.stage for each in earlier)
    return Template(
        id=stage.id,
        version=matrix.glossary_version,
        stage=stage.stage,
        title=stage.title,
        authority=stage.authority,
        stage_note=stage.stage_note,
        glossary_version=matrix.glossary_version,
        read_on=matrix.read_on,
        confidence=matrix.confidence,
        source=matrix.source,
        channel=matrix.channel,
        open_points=(*matrix.open_points, *stage.open_points),
        carries_from=tuple(each.id for each in earlier),
        fields=tuple(
            _rule(matrix, row, stage.stage, before)
            for row in matrix.fields
            if stage.stage in row.codes
        ),
    )


def _rule(matrix: _Matrix, row: _Row, stage: str, before: tuple[str, ...]) -> FieldRule:
    code = row.codes[stage]
    was_required = any(row.codes.get(each) is Code.REQUIRED for each in before)
    return FieldRule(
        id=row.id,
        number=row.number,
        label=row.label,
        code=code,
        must=code is Code.REQUIRED or (code is Code.CARRIED and was_required),
        kind=row.kind,
        max_length=row.max,
        values=row.values,
        pattern=row.pattern,
        fact=row.fact,
        accepts=row.accepts,
        basis=row.basis,
        confidence=row.confidence or matrix.confidence,
        note=row.note,
    )

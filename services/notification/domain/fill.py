"""Checks what a person states of a draft's fields before it is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notification.domain.faults import fault_in
from services.notification.domain.template import Code, Status, Template

Long = Annotated[str, Field(min_length=1, max_length=20_000)]


class Statement(BaseModel):
    """What a person states of one field: a value, or why there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: Annotated[str, Field(min_length=1, max_length=200)]
    status: Status = Status.KNOWN
    value: Long | tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] | None = None
    reason: Annotated[str, Field(min_length=3, max_length=2000)] | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _says_enough(self) -> Self:
        if self.status is Status.KNOWN and self.value is None:
            raise ValueError("a known field needs a value")
        if self.status is not Status.KNOWN and (self.value is not None or self.reason is None):
            raise ValueError(f"{self.status.value} needs a reason and has no value")
        if self.status is Status.PENDING and self.until is None:
            raise ValueError("pending needs `until`: the date by which it is expected")
        return self


@dataclass(frozen=True, slots=True)
class FillFault:
    """Why one statement cannot be recorded."""

    pointer: str
    detail: str
    mend: str


def check(template: Template, statements: Sequence[Statement]) -> list[FillFault]:
    """Name every statement that does not fit its field."""
    found: list[FillFault] = []
    seen: set[str] = set()
    for position, each in enumerate(statements):
        fault = _fault(template, each, position, repeated=each.field in seen)
        seen.add(each.field)
        if fault is not None:
            found.append(fault)
    return found


def _fault(
    template: Template, stated: Statement, position: int, *, repeated: bool
) -> FillFault | None:
    place = f"/fields/{position}"
    rule = template.field(stated.field)
    if rule is None:
        names = ", ".join(each.id for each in template.fields)
        return FillFault(
            f"{place}/field", f"{template.id} has no field {stated.field}", f"use one of: {names}"
        )
    if repeated:
        return FillFault(f"{place}/field", f"{stated.field} is stated twice", "state it once")
    if rule.code is Code.SYSTEM:
        return FillFault(
            f"{place}/field", f"{stated.field} is filled by the portal", "leave it out"
        )
    if stated.value is not None and (why := fault_in(rule, stated.value)):
        return FillFault(f"{place}/value", f"{stated.field}: {why}", f"see {rule.basis}")
    return None

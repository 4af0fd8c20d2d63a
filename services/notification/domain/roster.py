"""Defines the roster: people and how they are told, targets with their shifts and rotations."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class RosterError(Exception):
    """A roster cannot be used; the message names the place, the reason and the mend."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name} is no IANA time zone: write one like Europe/Berlin") from error
    return name


_PERIOD = re.compile(r"^(\d+)\s*(s|m|h|d)$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _period(value: Any) -> Any:
    matched = _PERIOD.match(value) if isinstance(value, str) else None
    if matched is None or int(matched[1]) == 0:
        raise ValueError("write a period like 30s, 15m, 2h or 1d")
    return timedelta(**{_UNITS[matched[2]]: int(matched[1])})


def _url(value: str) -> str:
    if not re.match(r"^https?://[^\s/]+", value):
        raise ValueError("not an http or https address")
    return value


Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._@-]{0,127}$")]
Zone = Annotated[str, AfterValidator(_zone)]
Period = Annotated[timedelta, BeforeValidator(_period)]
Url = Annotated[str, AfterValidator(_url)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Webhook(_Part):
    """Where signed messages go; `secret_file` holds the receiver's own secret."""

    url: Url
    secret_file: Annotated[str, Field(min_length=1)]


class Person(_Part):
    """Somebody who can be told. `id` is the person's principal."""

    id: Id
    name: Annotated[str, Field(min_length=1)]
    zone: Zone = "UTC"
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    webhook: Webhook | None = None

    @model_validator(mode="after")
    def _can_be_told(self) -> Self:
        if self.email is None and self.webhook is None:
            raise ValueError("has neither email nor webhook: give at least one")
        return self


class Rotation(_Part):
    """People who take turns, handing over at a local time every so many days."""

    people: Annotated[tuple[Id, ...], Field(min_length=1)]
    start: date
    handover: time = time(8)
    days: Annotated[int, Field(ge=1)] = 7


class Shift(_Part):
    """A weekly shift in local time; one that ends before it begins runs past midnight."""

    days: Annotated[
        tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Field(min_length=1)
    ]
    begin: time
    end: time
    people: Annotated[tuple[Id, ...], Field(min_length=1)]

    def covers(self, local: datetime) -> bool:
        """Whether this local instant lies in the shift."""
        today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
        now = local.time()
        if self.begin < self.end:
            return today in self.days and self.begin <= now < self.end
        return (today in self.days and now >= self.begin) or (
            yesterday in self.days and now < self.end
        )


class Target(_Part):
    """Whom a rule's escalation step names: shift first, then rotation, then people in order."""

    id: Id
    zone: Zone = "UTC"
    need_ack_in: Period
    shifts: tuple[Shift, ...] = ()
    rotation: Rotation | None = None
    people: tuple[Id, ...] = ()

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if self.rotation is None and not self.shifts and not self.people:
            raise ValueError("names nobody: give it shifts, a rotation or people")
        return self

    def named(self) -> Iterable[str]:
        """Everyone it may ever name."""
        yield from self.people
        if self.rotation is not None:
            yield from self.rotation.people
        for shift in self.shifts:
            yield from shift.people


class Mail(_Part):
    """The SMTP server through which mail leaves."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    sender: Annotated[str, Field(pattern=r"^[^\r\n]+$")]
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    user: str | None = None
    password_file: str | None = None


class Acknowledge(_Part):
    """How one-use acknowledgement links are made."""

    base_url: Url
    key_file: Annotated[str, Field(min_length=1)]
    valid_for: Period = timedelta(hours=72)


class Roster(_Part):
    """The whole file."""

    acknowledge: Acknowledge
    mail: Mail | None = None
    tickets: Webhook | None = None
    platform: tuple[Id, ...] = ()
    people: Annotated[tuple[Person, ...], Field(min_length=1)]
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        _refuse_repeated("people", [each.id for each in self.people])
        _refuse_repeated("targets", [each.id for each in self.targets])
        listed = {each.id for each in self.people}
        for target in self.targets:
            for name in target.named():
                if name not in listed:
                    raise ValueError(f"target {target.id} names {name}, who is not under people")
        if self.platform and (stray := set(self.platform) - {each.id for each in self.targets}):
            raise ValueError(f"platform names unknown targets {sorted(stray)}")
        if self.mail is None and any(each.email for each in self.people):
            raise ValueError("people have email but there is no mail server: add `mail`")
        return self

    def person(self, person_id: str) -> Person | None:
        """A person by id."""
        return next((each for each in self.people if each.id == person_id), None)

    def target(self, target_id: str) -> Target | None:
        """A target by id."""
        return next((each for each in self.targets if each.id == target_id), None)


def _refuse_repeated(where: str, names: list[str]) -> None:
    for one, other in pairwise(sorted(names)):
        if one == other:
            raise ValueError(f"{where} lists {one} twice: keep one")


def parse(raw: Any) -> Roster:
    """Read a roster.

    Raises:
        RosterError: it is no mapping, or an entry is missing, wrong, repeated or unknown.
    """
    if not isinstance(raw, Mapping):
        raise RosterError("is not a mapping: start it with `acknowledge`, `people`, `targets`")
    try:
        return Roster.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "roster"
        raise RosterError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error

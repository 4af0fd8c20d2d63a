"""Renders a draft as one HTML sheet to copy from: gaps first, then each field with its counter.

Nothing is inline, so that it works under `default-src 'self'`; a fact that a template asks for and
is not there fails (`StrictUndefined`), never renders as nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.notification.domain.alert import Content
from services.notification.domain.document import DraftDocument, FieldState
from services.notification.domain.turns import in_zone

HEADERS = MappingProxyType(
    {
        "content-security-policy": (
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
    }
)
"""On every page: nothing inline, nothing foreign, no token in a referrer."""

_PAGES = Environment(
    loader=PackageLoader("services.notification", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A draft as its readers meet it."""

    document: DraftDocument
    digest: str
    approved_by: tuple[str, ...]
    approved: bool
    due: datetime | None
    due_legal_outer: datetime | None
    zone: str
    confidence: str | None = None


@dataclass(frozen=True, slots=True)
class AckPage:
    """What a one-use link shows: a question, or why there is nothing to answer."""

    title: str
    message: str
    content: Content | None = None
    ask: bool = False


def render(sheet: Sheet) -> str:
    """Write the sheet."""
    return _PAGES.get_template("sheet.html.j2").render(
        sheet=sheet,
        document=sheet.document,
        due=in_zone(sheet.due, sheet.zone) if sheet.due else "none yet",
        outer=in_zone(sheet.due_legal_outer, sheet.zone) if sheet.due_legal_outer else None,
        copied=copied,
        counter=counter,
    )


def render_ack(page: AckPage) -> str:
    """Write the page behind an acknowledgement link."""
    return _PAGES.get_template("ack.html.j2").render(page=page)


def copied(field: FieldState) -> str:
    """What is to be copied into the portal's field."""
    if field.value is None:
        return ""
    return field.value if isinstance(field.value, str) else ", ".join(field.value)


def counter(field: FieldState) -> str:
    """The length against the limit."""
    length = field.length or 0
    if field.max_length is None:
        return f"{length} characters"
    return f"{length} of {field.max_length} characters"

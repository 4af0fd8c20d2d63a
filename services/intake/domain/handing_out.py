"""Decides what is handed out of an SBOM: for which channel, in which format, to whose roles."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from services.intake.formats import sniff
from services.intake.formats.canonical import Sbom
from services.intake.formats.error import FormatError
from services.intake.formats.outgoing import channels, cyclonedx, spdx
from services.intake.formats.outgoing.written import Written

Channel = Literal["regulatory", "customer", "internal"]
Format = Literal["cyclonedx-1.6", "spdx-2.3", "original"]

ORIGINAL: Format = "original"
"""The document byte for byte as it was received: it holds whatever its maker wrote into it."""

_WRITERS: dict[str, tuple[Callable[[Sbom, datetime], Written], str]] = {
    "cyclonedx-1.6": (cyclonedx.write, "application/vnd.cyclonedx+json; version=1.6"),
    "spdx-2.3": (spdx.write, "application/spdx+json"),
}


class UnwritableError(Exception):
    """A registered document is not read as an SBOM any more; the message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """What an SBOM is registered for; an empty hardware configuration means any."""

    product: str
    version: str
    hardware: str


@dataclass(frozen=True, slots=True)
class Handed:
    """The bytes that are handed out, and what their format had no place for."""

    content: bytes
    media_type: str
    left_out: tuple[str, ...] = ()


def roles(channel: Channel) -> frozenset[str]:
    """The roles that may take an SBOM by this channel."""
    return channels.known()[channel].hands_out


def fits(channel: Channel, form: Format) -> bool:
    """Whether a format may go by a channel: the original carries what the channel would cut."""
    return form != ORIGINAL or channel == "internal"


def write(
    raw: bytes,
    place: Place,
    channel: Channel,
    form: Format,
    author: str | None,
    registered_at: datetime,
) -> Handed:
    """Write a registered document for a channel.

    The same revision, channel, format and author always give the same bytes: where the document
    has no date of its own it gets that of its registration. The product is what it was registered
    for, whatever the document itself says.

    Raises:
        UnwritableError: the document is not read as an SBOM any more.
    """
    if form == ORIGINAL:
        return Handed(raw, "application/octet-stream")
    try:
        found = sniff.read(raw)
    except FormatError as error:
        raise UnwritableError(error.faults[0].reason) from error
    if not isinstance(found, Sbom):
        raise UnwritableError(f"it is a document of the format {found.format}")
    subject = replace(
        found.subject, product=place.product, version=place.version, hardware=place.hardware
    )
    cut = channels.cut(replace(found, subject=subject), channels.known()[channel])
    if author:
        cut = replace(cut, origin=cut.origin.by(author))
    writer, media_type = _WRITERS[form]
    written = writer(cut, registered_at)
    return Handed(written.text().encode(), media_type, written.left_out)


Fit = Literal["exact", "any_hardware", "none"]


def fitting(held: frozenset[str], hardware: str) -> tuple[str | None, Fit]:
    """Choose among a version's SBOMs, by hardware configuration, the one that a device runs.

    The one for its own configuration goes before the one for any; another configuration's never
    stands in for it.
    """
    if hardware in held:
        return hardware, "exact"
    return ("", "any_hardware") if "" in held else (None, "none")

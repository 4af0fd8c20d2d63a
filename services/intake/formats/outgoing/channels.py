"""Cuts an inventory to what one of the three channels holds, by the rules of channels.yaml."""

from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Any

from schemas.sboms import Component
from services.intake.formats import reading
from services.intake.formats.canonical import Origin, Sbom, Subject

_FIELDS: dict[str, Any] = {
    "supplier": None,
    "group": None,
    "purl": None,
    "cpe": None,
    "other_identifiers": (),
    "hashes": {},
    "support_level": None,
    "support_ends_on": None,
}
"""A component's fields that a channel may leave out, and what stands for nothing."""
HOLDABLE = frozenset({*_FIELDS, "dependencies", "persons", "tools", "catalogue"})
"""All that a channel may hold beside the names, versions and kinds of components."""


@dataclass(frozen=True, slots=True)
class Channel:
    """What a channel is for, what it holds, what its reader asks for, and the rule's source.

    `hands_out` are the roles that may take an SBOM out of a running fleet by this channel.
    """

    name: str
    reader: str
    source: str
    holds: frozenset[str]
    asks: tuple[str, ...]
    hands_out: frozenset[str]


@lru_cache(maxsize=1)
def known() -> dict[str, Channel]:
    """The channels by name."""
    text = resources.files(__package__).joinpath("channels.yaml").read_bytes()
    return {
        name: Channel(
            name,
            rule["for"],
            rule["source"],
            frozenset(rule["holds"]),
            tuple(rule["asks"]),
            frozenset(rule["hands_out"]),
        )
        for name, rule in reading.yaml_value(text).items()
    }


def cut(sbom: Sbom, channel: Channel) -> Sbom:
    """The inventory as the channel holds it; components, names and versions always stay."""
    return replace(
        sbom,
        subject=_subject(sbom.subject, channel),
        components=tuple(_component(each, channel) for each in sbom.components),
        dependencies=sbom.dependencies if "dependencies" in channel.holds else (),
        origin=_origin(sbom.origin, channel),
    )


def _component(component: Component, channel: Channel) -> Component:
    left_out = {name: none for name, none in _FIELDS.items() if name not in channel.holds}
    return component.model_copy(update=left_out)


def _subject(subject: Subject, channel: Channel) -> Subject:
    if "catalogue" in channel.holds:
        return subject
    return replace(subject, product=None, hardware="")


def _origin(origin: Origin, channel: Channel) -> Origin:
    persons = "persons" in channel.holds
    return replace(
        origin,
        authors=tuple(each for each in origin.authors if persons or not each.person),
        tools=origin.tools if "tools" in channel.holds else (),
        product=_component(origin.product, channel) if origin.product else None,
    )

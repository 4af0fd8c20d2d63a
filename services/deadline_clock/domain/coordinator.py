"""Whose CSIRT coordinates: the cascade of CRA Article 14(7), from the catalogue's facts.

A report to the wrong coordinator may be invalid, so the step that gave the answer is always shown.
"""

import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from schemas.catalogue import EntityRegistered, Establishment
from services.deadline_clock.domain.calendars import MEMBER_STATES

_STEPS = (
    ("decisions", "(1) decisions on cybersecurity are predominantly taken there"),
    ("employees", "(2) the establishment with most employees in the Union is there"),
    ("representative", "(3) the authorised representative for most products is there"),
    ("importer", "(4) the importer that places most products is there"),
    ("distributor", "(5) the distributor that makes most products available is there"),
    ("users", "(6) most users are there"),
)


@dataclass(frozen=True, slots=True)
class Coordinator:
    """The Member State of the coordinating CSIRT, by which step, and what was assumed."""

    country: str | None
    basis: str
    assumed: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Whom a report goes to, by which step: what a person checks before filing."""
        if self.country is None:
            return f"the CSIRT designated as coordinator: unknown, {self.basis}"
        named = csirts().get(self.country, "see the reporting platform's list")
        return f"the CSIRT designated as coordinator in {self.country} ({named}): {self.basis}"


@lru_cache(maxsize=1)
def csirts() -> Mapping[str, str]:
    """The CSIRTs that were read, by Member State; which list and when stands in the file."""
    folder = importlib.resources.files("services.deadline_clock") / "coordinators"
    held = json.loads((folder / "2026.09.json").read_text("utf-8"))
    return dict(held["csirts"])


def coordinator(entity: EntityRegistered | None) -> Coordinator:
    """The first step of the cascade that gives a Member State.

    Where no step is stated, the seat is taken, and said to be assumed. Iceland, Liechtenstein and
    Norway are none: the CRA is not in the EEA Agreement.
    """
    stated = entity.main_establishment if entity is not None else None
    if stated is not None and (found := _stated(stated)) is not None:
        return found
    seat = entity.country if entity is not None else None
    if seat in MEMBER_STATES:
        assumed = ("main establishment is unknown: taken as the seat",)
        return Coordinator(seat, "the seat, for want of a stated step of Article 14(7)", assumed)
    assumed = ("main establishment is unknown: Brussels time, no public holidays",)
    return Coordinator(None, "no step of Article 14(7) is stated", assumed)


def _stated(establishment: Establishment) -> Coordinator | None:
    if establishment.country in MEMBER_STATES:
        return Coordinator(establishment.country, establishment.basis or "as stated")
    for name, words in _STEPS:
        country = getattr(establishment, name)
        if country in MEMBER_STATES:
            return Coordinator(country, f"Article 14(7), step {words}")
    return None

"""Whether an instant that a person states can be: it has passed, and the product existed then."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.catalogue import ProductRegistered

SKEW = timedelta(minutes=5)
"""How far a person's clock may run ahead of ours before an instant counts as in the future."""


@dataclass(frozen=True, slots=True)
class Impossible:
    """Why an instant cannot be, and what to do about it."""

    reason: str
    mend: str


def impossible(
    at: datetime, now: datetime, products: Iterable[ProductRegistered] = ()
) -> Impossible | None:
    """Say why an instant cannot be; None where it can.

    Of several products it is enough that one existed.
    """
    if at > now + SKEW:
        return Impossible("lies in the future", "check the date and its zone")
    named = tuple(products)
    if not named or any(each.existed_at(at) for each in named):
        return None
    first = min(named, key=lambda each: str(each.first_released_on))
    return Impossible(
        f"lies before {first.product} existed: its first version was released on "
        f"{first.first_released_on}",
        "check the year, or correct the release dates in the catalogue",
    )

"""Reads models and products that stand where versions belong, as keys by which they are met.

One chip maker names a family as the product and lists its chips as versions; medical advisories do
so with the models of a device. Such a text has no order, and says exactly what is meant.
"""

import re
from collections.abc import Iterator

from schemas.advisories import Assertion, Status
from services.sbom_matcher.domain import marks, names

_A_MODEL = "name of a model"
"""What intake says of such a text (`version_text.why_not`)."""
_BETWEEN = re.compile(r"\s*[|,;/]\s*")
_CLEARING = frozenset({Status.NOT_AFFECTED, Status.FIXED})


def idents(assertion: Assertion) -> tuple[str, ...]:
    """Give the keys of what an assertion lists as versions; none of what it clears."""
    return tuple(dict.fromkeys(_idents(assertion)))


def _idents(assertion: Assertion) -> Iterator[str]:
    vendor = assertion.target.vendor
    if assertion.status in _CLEARING or assertion.product is not None or not vendor:
        return
    for each in assertion.ranges:
        if each.unparsed and _A_MODEL in (each.reason or ""):
            for name in _BETWEEN.split(each.unparsed):
                if marks.is_model(name):
                    yield from marks.models(vendor, name)
                elif key := names.base(vendor, name):
                    yield key

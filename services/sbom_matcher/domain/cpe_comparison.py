"""Compares CPE names (NISTIR 7696, chapter 6): a source, which states, with a target, which is.

Table 6-2 relates two values, table 6-3 two names. `meets` is what the relations mean for us.
"""

import re
from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from functools import lru_cache

from schemas.identifiers import cpe_values
from schemas.identifiers.cpe import ANY, NA, Wfn


class Relation(StrEnum):
    """How the set that a source names relates to the set that a target names."""

    DISJOINT = "disjoint"
    EQUAL = "equal"
    SUBSET = "subset"
    SUPERSET = "superset"
    UNDEFINED = "undefined"


def values(source: str, target: str) -> Relation:  # noqa: PLR0911 - one return a row of table 6-2
    """Relate two values of one attribute: the seventeen rows of table 6-2."""
    if target not in {ANY, NA} and cpe_values.has_wildcards(target):
        return Relation.UNDEFINED  # rows 4, 8, 11, 17
    if source == target:
        return Relation.EQUAL  # rows 1, 6, 9
    if source == ANY:
        return Relation.SUPERSET  # rows 2, 3
    if target == ANY:
        return Relation.SUBSET  # rows 5, 13, 15
    if NA in {source, target}:
        return Relation.DISJOINT  # rows 7, 12, 16
    if cpe_values.has_wildcards(source):  # row 14
        covers = _pattern(source).fullmatch(cpe_values.text(target))
        return Relation.SUPERSET if covers else Relation.DISJOINT
    return Relation.DISJOINT  # row 10


def attributes(source: Wfn, target: Wfn) -> Mapping[str, Relation]:
    """Relate two names attribute by attribute."""
    return {
        each.name: values(getattr(source, each.name), getattr(target, each.name))
        for each in fields(Wfn)
    }


def names(source: Wfn, target: Wfn) -> Relation:
    """Relate two names: table 6-3."""
    found = set(attributes(source, target).values())
    if Relation.DISJOINT in found:
        return Relation.DISJOINT
    found.discard(Relation.EQUAL)
    if not found:
        return Relation.EQUAL
    return found.pop() if len(found) == 1 else Relation.UNDEFINED


def meets(source: Wfn, target: Wfn) -> bool:
    """Tell whether what an advisory names can be what an inventory names.

    Nothing may be disjoint. A concrete vendor of any product never meets any vendor's concrete
    product: `amd:*` against `*:zstandard` says nothing of either.
    """
    found = attributes(source, target)
    if Relation.DISJOINT in found.values():
        return False
    crossed = {found["vendor"], found["product"]}
    return crossed != {Relation.SUBSET, Relation.SUPERSET}


@lru_cache(maxsize=4096)
def _pattern(source: str) -> re.Pattern[str]:
    """Turn wildcards into a pattern: `*` is any text, `?` at most one character (7695, 5.3.2)."""
    signs = {"*": ".*", "?": ".?"}
    return re.compile(
        "".join(
            signs[sign] if wild else re.escape(sign) for sign, wild in cpe_values.pieces(source)
        ),
        re.DOTALL,
    )

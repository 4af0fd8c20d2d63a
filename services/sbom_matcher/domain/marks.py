"""Model numbers, order codes and device identifiers as keys: marks by which products meet.

A model number or order code is its vendor's own; a UDI device identifier is unique in the world.
A hash tells one file, whatever it is called and whichever version it claims to be. Serial numbers
tell units, which no SBOM lists: they are kept for people to read.
"""

import re
from collections.abc import Iterable, Mapping

from schemas.advisories import Identifier, IdentifierKind
from services.sbom_matcher.domain import names

_OF_VENDORS = {IdentifierKind.MODEL_NUMBER: "model", IdentifierKind.SKU: "sku"}
_LONGEST = 256
_LONGEST_NAME = 16
_DIGEST = re.compile(r"[0-9a-f]{32,128}")


def keys(vendor: str | None, identifiers: Iterable[Identifier]) -> tuple[str, ...]:
    """Give the key of each mark that tells a product.

    A model number with a wildcard (CSAF allows `*` and `?`) is no key: it names no one model.
    """
    who = names.vendor(vendor)
    found: dict[str, None] = {}
    for each in identifiers:
        value = "".join(each.value.split()).casefold()
        if not value or len(value) > _LONGEST or set(value) & set("*?\0"):
            continue
        if each.kind is IdentifierKind.UDI_DI:
            found[f"udi:{value}"] = None
        elif who and (prefix := _OF_VENDORS.get(each.kind)):
            found[f"{prefix}:{who}|{value}"] = None
    return tuple(found)


def hashes(identifiers: Iterable[Identifier]) -> tuple[str, ...]:
    """Give the key of each file hash among an advisory's marks (`sha256:…`)."""
    stated = (e.value.partition(":") for e in identifiers if e.kind is IdentifierKind.HASH)
    return _digests((algorithm, digest) for algorithm, _, digest in stated)


def of_files(stated: Mapping[str, str]) -> tuple[str, ...]:
    """Give the key of each hash that an SBOM states of a component, by algorithm."""
    return _digests(stated.items())


def _digests(stated: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Write hashes alike: `SHA-256`, `SHA256` and `sha256` are one algorithm."""
    found: dict[str, None] = {}
    for algorithm, digest in stated:
        name = "".join(sign for sign in algorithm.casefold() if sign.isalnum())
        value = digest.strip().casefold()
        if name and len(name) <= _LONGEST_NAME and _DIGEST.fullmatch(value):
            found[f"hash:{name}:{value}"] = None
    return tuple(found)

"""Model numbers, order codes and device identifiers as keys: marks by which products meet.

A model number or order code is its vendor's own; a UDI device identifier is unique in the world.
A hash tells one file, whatever it is called and whichever version it claims to be. A model that
stands in a name, or where a version belongs, is met by its vendor and itself. Serial numbers tell
units, which no SBOM lists: they are kept for people to read.
"""

import re
from collections.abc import Iterable, Mapping

from schemas.advisories import Identifier, IdentifierKind
from services.sbom_matcher.domain import names

_OF_VENDORS = {IdentifierKind.MODEL_NUMBER: "model", IdentifierKind.SKU: "sku"}
_LONGEST = 256
_LONGEST_NAME = 16
_MODEL = re.compile(r"(?<![a-z0-9])([a-z]{1,6}-?[0-9]{3,6}[a-z]{0,4})(?![a-z0-9])")
"""Letters and at least three digits, such as `QCA9563` and `MMT-1715`: not `log4net`, not `v2`."""
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


def numbers(identifiers: Iterable[Identifier]) -> tuple[str, ...]:
    """Give the model numbers, without blanks; one with a wildcard names no one model."""
    stated = (
        "".join(e.value.split()) for e in identifiers if e.kind is IdentifierKind.MODEL_NUMBER
    )
    return tuple(each for each in stated if not set(each) & set("*?"))


def models(vendor: str | None, *texts: str | None) -> tuple[str, ...]:
    """Give the key of each model of a vendor's that stands in these texts."""
    found = [
        each.replace("-", "")
        for text in texts
        if text and len(text) <= _LONGEST
        for each in _MODEL.findall(text.casefold())
    ]
    who = names.vendor(vendor) if found else None
    return tuple(dict.fromkeys(f"called:{who}|{each}" for each in found)) if who else ()


def is_model(text: str) -> bool:
    """Tell whether a text is a model and nothing else."""
    return _MODEL.fullmatch(text.casefold()) is not None


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

"""Model numbers, order codes and device identifiers as keys: marks by which products meet.

A model number or order code is its vendor's own; a UDI device identifier is unique in the world.
Serial numbers and hashes tell units and files, not products: they are kept for people to read.
"""

from collections.abc import Iterable

from schemas.advisories import Identifier, IdentifierKind
from services.sbom_matcher.domain import names

_OF_VENDORS = {IdentifierKind.MODEL_NUMBER: "model", IdentifierKind.SKU: "sku"}
_LONGEST = 256


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

"""CPE names as keys: part, vendor and product by which they meet, and the traits that then decide.

A key is concrete in product. A name without a vendor or part (build systems of embedded Linux write
such) is met by its product alone; one without a product would meet everything and has no key.
"""

from functools import lru_cache

from schemas.identifiers import cpe_values
from schemas.identifiers.cpe import ANY, NA, Wfn, read
from schemas.identifiers.cpe_values import text
from services.sbom_matcher.domain import cpe_comparison
from services.sbom_matcher.domain.cpe_comparison import Relation

__all__ = [
    "ANY", "NA", "Wfn", "agree", "base", "is_of_vendor", "keys", "names_product", "of_key",
    "of_product", "of_vendor", "product_agrees", "read", "text", "traits", "written_version",
]  # fmt: skip

_TRAITS = ("edition", "language", "sw_edition", "target_sw", "target_hw", "other")
_PARTS = ("a", "o", "h")
_FIELDS = 4
"""Of a key: `cpe`, part, vendor and product."""


@lru_cache(maxsize=16_384)
def base(name: Wfn) -> str | None:
    """Give the key, such as `cpe:a:wolfssl:wolfssl`; None unless all three are concrete."""
    if not (_concrete(name.part) and _concrete(name.vendor) and _concrete(name.product)):
        return None
    return f"cpe:{name.part}:{text(name.vendor)}:{text(name.product)}"


@lru_cache(maxsize=16_384)
def of_product(name: Wfn) -> str | None:
    """Give the key by which a name is met whose vendor or part the other side leaves open."""
    return f"cpe:*:*:{text(name.product)}" if _concrete(name.product) else None


@lru_cache(maxsize=16_384)
def keys(name: Wfn) -> tuple[str, ...]:
    """Give every key that a component with this name is met by."""
    if found := base(name):
        return (found,)
    if name.part == ANY and _concrete(name.vendor) and _concrete(name.product):
        return tuple(f"cpe:{part}:{text(name.vendor)}:{text(name.product)}" for part in _PARTS)
    product = of_product(name)
    return (product,) if product and name.vendor == ANY else ()


@lru_cache(maxsize=16_384)
def of_vendor(name: Wfn) -> tuple[str, ...]:
    """Give the keys by which a vendor's products are met whatever they are called.

    They serve names that say which vendor but not, or not exactly, which product.
    """
    if not _concrete(name.vendor):
        return ()
    parts = (name.part,) if _concrete(name.part) else _PARTS if name.part == ANY else ()
    return tuple(f"cpe:{part}:{text(name.vendor)}:*" for part in parts)


def is_of_vendor(ident: str) -> bool:
    """Tell whether a key is one of a vendor's, whatever the product."""
    return ident.startswith("cpe:") and ident.endswith(":*")


def of_key(ident: str, version: str | None) -> str | None:
    """Write the CPE 2.3 name of a key in a version; None where the key names no product."""
    fields = ident.split(":")
    if len(fields) != _FIELDS or fields[0] != "cpe" or fields[-1] == ANY:
        return None
    stated = (cpe_values.from_formatted(each)[0] for each in (*fields[1:], version or ANY))
    return Wfn(*stated).formatted()


def names_product(name: Wfn) -> bool:
    """Tell whether a name says exactly which product it means."""
    return _concrete(name.product)


@lru_cache(maxsize=16_384)
def written_version(name: Wfn) -> str:
    """Write version with update as one text: `1.0` and `rc1` are `1.0-rc1`."""
    version, update = text(name.version), name.update
    if name.version in {ANY, NA} or update in {ANY, NA}:
        return version
    return f"{version}-{text(update)}"


@lru_cache(maxsize=16_384)
def traits(name: Wfn) -> str | None:
    """Write the attributes behind version and update as one text; None where all are ANY."""
    found = [getattr(name, each) for each in _TRAITS]
    if all(each == ANY for each in found):
        return None
    return ":".join(cpe_values.to_formatted(each) for each in found)


def agree(stated: str | None, held: str | None) -> bool:
    """Tell whether what an advisory says of edition or platform can hold of a component.

    It cannot where an attribute is disjoint (NISTIR 7696, table 6-2); an attribute that one side
    leaves open, or that the table does not define, decides nothing.
    """
    if stated is None or held is None:
        return True
    one, other = (read(f"cpe:2.3:a:v:p:*:*:{each}") for each in (stated, held))
    if one is None or other is None:
        return True
    relations = cpe_comparison.attributes(one, other)
    return all(relations[each] is not Relation.DISJOINT for each in _TRAITS)


def product_agrees(stated: str, held: str) -> bool:
    """Tell whether a product that an advisory names by a pattern can be a component's."""
    return cpe_comparison.values(stated, held) is not Relation.DISJOINT


def _concrete(value: str) -> bool:
    return value not in {ANY, NA} and not cpe_values.has_wildcards(value)

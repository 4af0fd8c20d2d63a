"""Reads a CSAF product tree: which product, of which vendor, in which versions, each id means.

CSAF 2.0, section 3.2.2: branches nest vendor, family, product name and version (or version range);
full product names may stand outside of branches; relationships make combined products of two.
Section 3.1.3.3: the identification helper gives purl, CPE, model and serial numbers, SKUs, hashes.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from schemas.advisories import (
    Identifier,
    IdentifierKind,
    Platform,
    Range,
    Target,
    TargetKind,
)
from services.intake.formats import cpes, purls, version_text
from services.intake.formats.error import FormatError
from services.intake.formats.named import Limit, limit
from services.intake.formats.shape import Node, child, items, needed, text, texts

MAX_BRANCHES = 40
MAX_RELATIONS = 8
_MARKS_A_TARGET = 40
_INSTALLED = frozenset({"installed_on", "installed_with"})
_WITHIN_A_VERSION = frozenset({"patch_level", "service_pack"})
_MARKS = (
    ("model_numbers", IdentifierKind.MODEL_NUMBER),
    ("skus", IdentifierKind.SKU),
    ("serial_numbers", IdentifierKind.SERIAL_NUMBER),
)
_UDI = re.compile(r"^(?:https?://id\.gs1\.org/01/|\(01\))(\d{14})(?!\d)", re.ASCII | re.IGNORECASE)
"""A GS1 UDI device identifier (GTIN), as a digital link or in element strings."""
_LONGEST_MARK = 512


Platforms = tuple[tuple[Platform, ...], ...]
"""What must be present as well: one platform of each group."""


@dataclass(frozen=True, slots=True)
class Product:
    """What one product id stands for; `ours` is the product of ours that it is, or is part of."""

    name: str
    vendor: str | None = None
    product: str | None = None
    ranges: tuple[Range, ...] = ()
    purls: tuple[str, ...] = ()
    cpes: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    platforms: Platforms = ()
    ours: Limit = field(default_factory=Limit)
    of_ours: bool = False
    relations: int = field(default=0, compare=False)

    def targets(self) -> Iterator[Target]:
        """By which identifiers it can be matched; by vendor and product name always."""
        yield from self.packages()
        yield from self.named()

    def named(self) -> Iterator[Target]:
        """By vendor, product name and marks: long lists of marks are several targets."""
        name = self.product or self.name
        for start in range(0, max(1, len(self.identifiers)), _MARKS_A_TARGET):
            yield Target(
                kind=TargetKind.NAME,
                vendor=self.vendor,
                product=name,
                identifiers=self.identifiers[start : start + _MARKS_A_TARGET],
            )

    def packages(self) -> Iterator[Target]:
        """By package URLs and CPE names."""
        name = self.product or self.name
        for purl in self.purls:
            yield Target(
                kind=TargetKind.PURL, purl=purls.unversioned(purl), vendor=self.vendor, product=name
            )
        for cpe in self.cpes:
            yield Target(kind=TargetKind.CPE, cpe=cpe, vendor=self.vendor, product=name)

    @property
    def marks(self) -> tuple[Identifier, ...]:
        """The marks that tell one product from another; hashes and serial numbers tell pieces."""
        pieces = {IdentifierKind.HASH, IdentifierKind.SERIAL_NUMBER}
        return tuple(each for each in self.identifiers if each.kind not in pieces)

    def as_platform(self) -> tuple[Platform, ...]:
        """What something else runs on: any of its identifiers will do."""
        return tuple(Platform(target=target, ranges=self.ranges) for target in self.targets())


@dataclass(frozen=True, slots=True)
class _Path:
    """What the branches above a product say of it."""

    vendor: str | None = None
    product: str | None = None
    ranges: tuple[Range, ...] = ()

    def below(self, category: str, name: str) -> "_Path":
        if category == "vendor":
            return replace(self, vendor=name)
        if category == "product_name" or (category == "product_family" and self.product is None):
            return replace(self, product=name)
        if category == "product_version":
            return replace(self, ranges=_version(name, self.vendor, self.product))
        if category == "product_version_range":
            return replace(self, ranges=version_text.named_ranges(name, self.vendor, self.product))
        if category in _WITHIN_A_VERSION and self.ranges:
            # `5.0` and below it `SP2`: the pack is part of what the version is.
            return replace(self, ranges=tuple(_extended(each, name) for each in self.ranges))
        return self


def _extended(stated: Range, name: str) -> Range:
    return Range(exact=tuple(f"{each} {name}" for each in stated.exact)) if stated.exact else stated


def _version(name: str, *names: str | None) -> tuple[Range, ...]:
    """A product_version is one version; real files put ranges and `vers:` there as well."""
    read = version_text.named_ranges(name, *names)
    if read[0].unparsed and not any(sign in name for sign in "<>*|") and ":" not in name:
        # A version with a blank in it (`V4.8 HF4`) is still one version: it equals only itself.
        return (Range(exact=(name,)),) if name[:2].lstrip("vV")[:1].isdigit() else read
    return read


def products(document: Node) -> dict[str, Product]:
    """Every product id of the tree with what it stands for.

    Raises:
        FormatError: a branch without category or name, nested too deep, or a wrong type.
    """
    tree = child(document, "product_tree", "")
    found: dict[str, Product] = {}
    _walk(tree, "/product_tree", _Path(), 0, found)
    for at, full in items(tree, "full_product_names", "/product_tree"):
        found[needed(full, "product_id", at)] = _product(full, at, _Path())
    for at, relation in items(tree, "relationships", "/product_tree"):
        combined = child(relation, "full_product_name", at)
        where = f"{at}/full_product_name"
        found[needed(combined, "product_id", where)] = _combined(relation, at, combined, found)
    return found


def _combined(relation: Node, at: str, combined: Node, found: dict[str, Product]) -> Product:
    """A product of two: the first carries the flaw, the second is where it is.

    What is installed on or with another product is only meant there. A component of another product
    (default, external or optional) is meant wherever it is: it is the component that is flawed.
    """
    whole_name = _product(combined, f"{at}/full_product_name", _Path())
    part = found.get(needed(relation, "product_reference", at))
    if part is None:
        return whole_name
    whole = found.get(text(relation, "relates_to_product_reference", at) or "")
    relations = 1 + max(part.relations, whole.relations if whole else 0)
    if relations > MAX_RELATIONS:
        # Each may double what the product carries: thirty of them would fill any memory.
        raise FormatError(
            "too_deep",
            f"relationships build on each other more than {MAX_RELATIONS} times",
            "relate products to those of the branches",
            at,
        )
    platforms, ours = part.platforms, part.ours
    if whole and whole.ours.product and not ours.product:
        # Inside one of ours there is no condition: the claim is limited to that product.
        ours = whole.ours
    elif whole and text(relation, "category", at) in _INSTALLED:
        platforms += (whole.as_platform(), *whole.platforms)
    return replace(
        part,
        name=whole_name.name,
        purls=part.purls + whole_name.purls,
        cpes=part.cpes + whole_name.cpes,
        identifiers=part.identifiers + whole_name.identifiers,
        platforms=platforms,
        ours=ours,
        of_ours=ours.product is not None,
        relations=relations,
    )


def _walk(parent: Node, at: str, path: _Path, depth: int, found: dict[str, Product]) -> None:
    if depth > MAX_BRANCHES:
        raise FormatError(
            "too_deep", f"branches nest deeper than {MAX_BRANCHES}", "flatten them", at
        )
    for where, branch in items(parent, "branches", at):
        below = path.below(needed(branch, "category", where), needed(branch, "name", where))
        if branch.get("product") is not None:
            full, inner = child(branch, "product", where), f"{where}/product"
            found[needed(full, "product_id", inner)] = _product(full, inner, below)
        _walk(branch, where, below, depth + 1, found)


def _product(full: Node, at: str, path: _Path) -> Product:
    helper = child(full, "product_identification_helper", at)
    where = f"{at}/product_identification_helper"
    one = [text(helper, "purl", where), *texts(helper, "purls", where)]
    cpe = cpes.converted(text(helper, "cpe", where) or "")
    package_urls = tuple(purl for purl in one if purl and purl.startswith("pkg:"))
    ranges = path.ranges or _from_identifiers(package_urls)
    uris = (text(each, "uri", inner) for inner, each in items(helper, "x_generic_uris", where))
    limits = (limit(uri) for uri in uris if uri)
    return Product(
        name=needed(full, "name", at),
        vendor=path.vendor,
        product=path.product,
        ranges=ranges,
        purls=package_urls,
        cpes=((cpes.versionless(cpe) if path.ranges else cpe,) if cpe else ()),
        identifiers=tuple(dict.fromkeys(_identifiers(helper, where))),
        ours=next((each for each in limits if each.product), Limit()),
    )


def _identifiers(helper: Node, at: str) -> Iterator[Identifier]:
    """The marks of the helper; a UDI has no field of its own and comes as a generic URI."""
    for kind, value in _marks(helper, at):
        if len(value) <= _LONGEST_MARK:
            yield Identifier(kind=kind, value=value)


def _marks(helper: Node, at: str) -> Iterator[tuple[IdentifierKind, str]]:
    for key, kind in _MARKS:
        for value in texts(helper, key, at):
            yield kind, value
    for where, named in items(helper, "hashes", at):
        for inner, each in items(named, "file_hashes", where):
            algorithm, digest = text(each, "algorithm", inner), text(each, "value", inner)
            if algorithm and digest:
                yield IdentifierKind.HASH, f"{algorithm.lower()}:{digest.lower()}"
    for where, generic in items(helper, "x_generic_uris", at):
        uri = text(generic, "uri", where)
        if uri and (udi := _UDI.match(uri)):
            yield IdentifierKind.UDI_DI, udi[1]
        elif uri:
            yield IdentifierKind.URI, uri


def _from_identifiers(package_urls: tuple[str, ...]) -> tuple[Range, ...]:
    versions = tuple(v for purl in package_urls if (v := purls.version_of(purl)))
    return (Range(exact=versions),) if versions else ()


def by_platforms(members: Iterable[Product]) -> dict[Platforms, list[Product]]:
    """Gather products by what they are installed on.

    One version installed on any of sixty devices is one claim with sixty alternatives.
    """
    alike: dict[Product, list[Platforms]] = {}
    for member in members:
        alike.setdefault(replace(member, name="", platforms=()), []).append(member.platforms)
    found: dict[Platforms, list[Product]] = {}
    for member, conditions in alike.items():
        if () in conditions:
            merged: list[Platforms] = [()]
        elif all(len(each) == 1 for each in conditions):
            merged = [(tuple(dict.fromkeys(p for each in conditions for p in each[0])),)]
        else:
            merged = conditions
        for each in merged:
            found.setdefault(each, []).append(member)
    return found


def groups(document: Node) -> dict[str, list[str]]:
    """The groups that each product id is in, by which remedies and flags may speak."""
    tree = child(document, "product_tree", "")
    found: dict[str, list[str]] = {}
    for at, each in items(tree, "product_groups", "/product_tree"):
        name = needed(each, "group_id", at)
        for product_id in dict.fromkeys(texts(each, "product_ids", at)):
            found.setdefault(product_id, []).append(name)
    return found

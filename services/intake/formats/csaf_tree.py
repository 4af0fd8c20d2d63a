"""Reads a CSAF product tree: which product, of which vendor, in which versions, each id means.

CSAF 2.0, section 3.2.2: branches nest vendor, family, product name and version (or version range);
full product names may stand outside of branches; relationships make combined products of two.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from schemas.advisories import Range, Target, TargetKind
from services.intake.formats import cpes, purls, version_text
from services.intake.formats.error import FormatError
from services.intake.formats.shape import Node, child, items, needed, text, texts

MAX_BRANCHES = 40
_TARGETS_A_PRODUCT = 40


@dataclass(frozen=True, slots=True)
class Product:
    """What one product id stands for."""

    name: str
    vendor: str | None = None
    product: str | None = None
    ranges: tuple[Range, ...] = ()
    purls: tuple[str, ...] = ()
    cpes: tuple[str, ...] = ()

    def targets(self) -> Iterator[Target]:
        """By which identifiers it can be matched; by vendor and product name always."""
        name = self.product or self.name
        for purl in self.purls:
            yield Target(
                kind=TargetKind.PURL, purl=purls.unversioned(purl), vendor=self.vendor, product=name
            )
        for cpe in self.cpes[:_TARGETS_A_PRODUCT]:
            yield Target(kind=TargetKind.CPE, cpe=cpe, vendor=self.vendor, product=name)
        yield Target(kind=TargetKind.NAME, vendor=self.vendor, product=name)


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
            return replace(self, ranges=_version(name))
        if category == "product_version_range":
            return replace(self, ranges=version_text.ranges(name))
        return self


def _version(name: str) -> tuple[Range, ...]:
    """A product_version is one version; real files put ranges and `vers:` there as well."""
    read = version_text.ranges(name)
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
        part = found.get(needed(relation, "product_reference", at))
        named = _product(combined, where, _Path())
        # The component is what carries the flaw; the platform it runs on is only where.
        found[needed(combined, "product_id", where)] = (
            replace(
                part, name=named.name, purls=part.purls + named.purls, cpes=part.cpes + named.cpes
            )
            if part
            else named
        )
    return found


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
    return Product(
        name=needed(full, "name", at),
        vendor=path.vendor,
        product=path.product,
        ranges=ranges,
        purls=package_urls,
        cpes=((cpes.versionless(cpe) if path.ranges else cpe,) if cpe else ()),
    )


def _from_identifiers(package_urls: tuple[str, ...]) -> tuple[Range, ...]:
    versions = tuple(v for purl in package_urls if (v := purls.version_of(purl)))
    return (Range(exact=versions),) if versions else ()

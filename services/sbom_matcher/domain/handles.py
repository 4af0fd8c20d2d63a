"""What a component or a product version can be met by: each identifier with its version key.

A component meets an assertion where both have the same identifier key and the component's version
key lies in one of the assertion's spans. The identifier says which scheme orders the versions, so
both sides always agree on it.

Which version counts: a purl's own, else the component's; for CPE and names the component's own, and
the CPE's only where the component's cannot be read (a CPE often says less than the component does).
"""

from dataclasses import dataclass

from schemas.sboms import Component
from services.sbom_matcher.domain import cpe, names, purl, versions
from services.sbom_matcher.domain.versions.encoding import NOT_APPLICABLE

NO_VERSION = "no_version"
UNPARSED_VERSION = "unparsed_version"


@dataclass(frozen=True, slots=True)
class Handle:
    """One identifier key with the version's key, or why there is none."""

    ident: str
    key: bytes | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """A vendor and product name, and a CPE name where one exists, that others use for a product."""

    vendor: str
    product: str
    cpe: str | None = None


def of_component(component: Component) -> tuple[Handle, ...]:
    """Give the handles of an SBOM's component; none where nothing identifies it."""
    package = purl.read(component.purl) if component.purl else None
    name = cpe.parse(component.cpe) if component.cpe else None
    handles: list[Handle] = []
    if package:
        handles.append(_keyed(purl.base(package), package.type, package.version, component.version))
    cpe_version = name.written_version if name else None
    if name and (base := name.base):
        handles.append(_keyed(base, versions.GENERIC, component.version, cpe_version))
    handles.extend(
        _keyed(ident, versions.GENERIC, component.version, cpe_version)
        for ident in sorted(_spoken(component, package, name))
    )
    return tuple(handles)


def of_product(product: str, version: str, spoken: tuple[Spoken, ...]) -> tuple[Handle, ...]:
    """Give the handles of a product version itself: its names in advisories, and its own id."""
    idents = {ident_of_product(product)}
    for each in spoken:
        found = cpe.parse(each.cpe) if each.cpe else None
        idents |= {names.base(each.vendor, each.product), found.base if found else None} - {None}  # type: ignore[arg-type]  # None is taken out right here
    return tuple(_keyed(ident, versions.GENERIC, version) for ident in sorted(idents))


def ident_of_product(product: str) -> str:
    """Give the identifier key of a catalogue product: what our own statements speak of."""
    return f"product:{product}"


def unreadable(component: Component) -> bool:
    """Tell whether a component has an identifier and none of it can be read."""
    return bool(component.purl or component.cpe) and not of_component(component)


def _spoken(component: Component, package: purl.Purl | None, name: cpe.Cpe | None) -> set[str]:
    vendors = [component.supplier, component.group, purl.vendor(package) if package else None]
    found = {names.base(vendor, component.name) for vendor in vendors}
    if name and name.base:
        found |= {names.base(name.vendor, name.product), names.base(name.vendor, component.name)}
    return {each for each in found if each}


def _keyed(ident: str, scheme: str, *written: str | None) -> Handle:
    """Key the first version that can be read; else say why none can."""
    reason = NO_VERSION
    for text in written:
        if text is None or text.strip() in {"", cpe.ANY}:
            continue
        if text.strip() == cpe.NA:
            return Handle(ident, NOT_APPLICABLE)
        found = versions.key(scheme, text)
        if isinstance(found, bytes):
            return Handle(ident, found)
        reason = UNPARSED_VERSION
    return Handle(ident, None, reason)

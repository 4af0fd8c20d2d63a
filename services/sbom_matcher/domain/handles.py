"""What a component or a product version can be met by: each identifier with its version key.

A component meets an assertion where both have the same identifier key and the component's version
key lies in one of the assertion's spans. The identifier says which scheme orders the versions, so
both sides always agree on it.

Which version counts: a purl's own, else the component's; for CPE and names the component's own, and
the CPE's only where the component's cannot be read (a CPE often says less than the component does).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from schemas.advisories import Identifier
from schemas.sboms import Component
from services.sbom_matcher.domain import cpe, marks, names, purl, traits, versions, written
from services.sbom_matcher.domain.versions.encoding import NOT_APPLICABLE

NO_VERSION = "no_version"
UNPARSED_VERSION = "unparsed_version"

_UNSAID = frozenset({"", cpe.ANY})


@dataclass(frozen=True, slots=True)
class Handle:
    """One identifier key with the version's key, or why there is none.

    `traits` is what the component says beside the key: its release, its edition and platform.
    """

    ident: str
    key: bytes | None
    reason: str | None = None
    traits: str | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """A vendor and product name that others use for a product, with its CPE name and marks."""

    vendor: str
    product: str
    cpe: str | None = None
    identifiers: tuple[Identifier, ...] = ()


def of_component(component: Component) -> tuple[Handle, ...]:
    """Give the handles of an SBOM's component; none where nothing identifies it.

    A package of a distribution is also met as the source package that it is built of. Scanners give
    several guessed CPE names for a package: each is a name it may be met by.
    """
    stated = (component.purl, component.cpe, *component.other_identifiers)
    packages = [each for text in stated if text and (each := purl.read(text))]
    named = [
        name for text in stated if text and not text.startswith("pkg:") and (name := cpe.read(text))
    ]
    sources = [each for package in packages if (each := purl.source(package))]
    handles: dict[str, Handle] = {}
    for package in (*packages, *sources):
        ident = purl.base(package)
        handle = _keyed(ident, package.type, purl.version(package), component.version)
        release = traits.of_package(package)
        handles.setdefault(ident, replace(handle, traits=release) if release else handle)
    spoken = sorted(_spoken(component, packages, named))
    if not (named or spoken):
        return tuple(handles.values())
    for name in named or (None,):
        version, beside = (
            (cpe.written_version(name), traits.of_name(name)) if name else (None, None)
        )
        for ident in (*(cpe.keys(name) if name else ()), *spoken):
            if ident not in handles:
                handle = _keyed(ident, versions.GENERIC, component.version, version)
                handles[ident] = replace(handle, traits=beside) if beside else handle
    return (*handles.values(), *_of_vendors(named, component.version))


def of_part(component: Component) -> tuple[Handle, ...]:
    """Give everything that a component in one product version can be met by, its hashes included.

    Hashes are no part of what a component is: two builds of one version differ in them.
    """
    files = (Handle(ident, None) for ident in marks.of_files(component.hashes))
    return (*of_component(component), *files)


def of_product(product: str, version: str, spoken: tuple[Spoken, ...]) -> tuple[Handle, ...]:
    """Give the handles of a product version itself: its names in advisories, and its own id."""
    idents = {ident_of_product(product)}
    for each in spoken:
        name = names.base(each.vendor, each.product)
        found = cpe.read(each.cpe) if each.cpe else None
        idents |= {name} if name else set()
        idents |= {*(cpe.keys(found) if found else ()), *marks.keys(each.vendor, each.identifiers)}
        idents |= set(marks.models(each.vendor, each.product, *marks.numbers(each.identifiers)))
    stated = [one for each in spoken if each.cpe and (one := cpe.read(each.cpe))]
    own = (_keyed(ident, versions.GENERIC, version) for ident in sorted(idents))
    return (*own, *_of_vendors(stated, version))


def ident_of_product(product: str) -> str:
    """Give the identifier key of a catalogue product: what our own statements speak of."""
    return f"product:{product}"


def unreadable(component: Component, found: Collection[Handle]) -> bool:
    """Tell whether a component has an identifier and none of it can be read."""
    stated = component.purl or component.cpe or component.other_identifiers
    return bool(stated) and not found


def _of_vendors(named: Iterable[cpe.Wfn], version: str | None) -> Collection[Handle]:
    """Give what meets claims on a vendor's products that do not say which.

    Of two products of one vendor, a pattern may mean either.
    """
    found: dict[str, Handle] = {}
    for name in filter(cpe.names_product, named):
        product = traits.of_product(name)
        for ident in cpe.of_vendor(name):
            handle = _keyed(ident, versions.GENERIC, version, cpe.written_version(name))
            before = found.get(ident)
            same = before is None or before.traits == product
            found[ident] = replace(before or handle, traits=product if same else None)
    return found.values()


def _spoken(
    component: Component, packages: Iterable[purl.Purl], named: Iterable[cpe.Wfn]
) -> set[str]:
    vendors = {component.supplier, component.group, *map(purl.vendor, packages)}
    found = {names.base(vendor, component.name) for vendor in vendors if vendor}
    for vendor in filter(None, vendors):
        found.update(marks.models(vendor, component.name))
    for name in named:
        if cpe.base(name):
            who, what = cpe.text(name.vendor), cpe.text(name.product)
            found |= {names.base(who, what), names.base(who, component.name)}
            found.update(marks.models(who, what, component.name))
    return {each for each in found if each}


def _keyed(ident: str, scheme: str, *spoken: str | None) -> Handle:
    """Key the first version that can be read; else say why none can."""
    reason = NO_VERSION
    for text in spoken:
        stated = (text or "").strip()
        if stated in _UNSAID:
            continue
        if stated == cpe.NA:
            return Handle(ident, NOT_APPLICABLE)
        found = written.key(scheme, stated)
        if isinstance(found, bytes):
            return Handle(ident, found)
        reason = UNPARSED_VERSION
    return Handle(ident, None, reason)

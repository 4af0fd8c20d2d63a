"""Reads the `affected` list of a CVE container: each entry's claims on each of its identifiers."""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.advisories import Assertion, Range, Status, Target, TargetKind
from services.intake.formats import cpes, cve_versions, limits, purls, version_text
from services.intake.formats.shape import Node, items, text, texts

_FILLERS = frozenset({"n/a", "-", "unknown", "unspecified", "*", "na", "multiple", "various"})
_MAX_CPES = 200
_MAX_STATED, _LONGEST_PLATFORM = 40, 200


def _named(value: str | None) -> str | None:
    return None if value is None or value.lower() in _FILLERS else value


@dataclass(slots=True)
class _Affected:
    """An entry of a container's `affected` list, its texts and versions read once."""

    at: str
    entry: Node
    vendor: str | None
    product: str | None
    versions: list[tuple[str, Node]]
    kinds: set[str]

    @classmethod
    def of(cls, at: str, entry: Node) -> "_Affected":
        versions = list(limits.ranges(items(entry, "versions", at), at))
        kinds = {(text(each, "versionType", where) or "").lower() for where, each in versions}
        vendor, product = text(entry, "vendor", at), text(entry, "product", at)
        return cls(at, entry, vendor, product, versions, kinds)

    @property
    def only_git(self) -> bool:
        return bool(self.versions) and all(
            cve_versions.is_git(each, where) for where, each in self.versions
        )


def assertions(at: str, container: Node, asserter: str) -> Iterator[Assertion]:
    """What an asserter's container claims: one assertion an identifier and status."""
    listed = limits.ranges(items(container, "affected", at), f"{at}/affected")
    entries = [_Affected.of(where, entry) for where, entry in listed]
    ordered = {(each.vendor, each.product) for each in entries if not each.only_git}
    for each in entries:
        if each.only_git and (each.vendor, each.product) in ordered:
            # Kernel CNAs state the same claim twice, in commits and in releases: the one with an
            # order is enough, the other could never be compared.
            continue
        targets, platforms = tuple(_targets(each)), _platforms(each)
        for status, default, ranges in _claims(each):
            for target in targets:
                yield Assertion(
                    asserter=asserter,
                    target=target,
                    status=status,
                    default_status=default,
                    ranges=ranges,
                    stated_platforms=platforms,
                )


def _platforms(each: _Affected) -> tuple[str, ...]:
    """What the entry says it is affected on. Words such as "Windows" or "x86" identify nothing.

    They are kept with the claim for whoever assesses it, and exclude no product: a component that
    an SBOM lists without its platform may well run there.
    """
    stated = (words[:_LONGEST_PLATFORM] for words in texts(each.entry, "platforms", each.at))
    return tuple(dict.fromkeys(stated))[:_MAX_STATED]


def _claims(each: _Affected) -> Iterator[tuple[Status, Status | None, tuple[Range, ...]]]:
    stated = (text(each.entry, "defaultStatus", each.at) or "").lower()
    default = cve_versions.STATUSES.get(stated)
    outside = None if default is Status.UNDER_INVESTIGATION else default
    found = cve_versions.by_status(each.versions, default, each.vendor, each.product)
    if found:
        yield from ((status, outside, ranges) for status, ranges in found.items())
    elif outside is not None:
        yield outside, None, ()
    else:
        yield Status.AFFECTED, None, (version_text.unparsed("", "the source names no version"),)


def _targets(each: _Affected) -> Iterator[Target]:
    entry, at = each.entry, each.at
    vendor, product = _named(each.vendor), _named(each.product)
    package = text(entry, "packageName", at)
    ecosystem = cve_versions.scheme(each.kinds)
    purl = text(entry, "packageURL", at)
    if purl is None and package is not None:
        purl = purls.from_collection(text(entry, "collectionURL", at), package)
    found = False
    if purl and purl.startswith("pkg:"):
        yield Target(
            kind=TargetKind.PURL,
            purl=purls.unversioned(purl),
            ecosystem=ecosystem,
            vendor=vendor,
            product=product,
        )
        found = True
    named = _cpes(each)
    for cpe in named:
        yield Target(
            kind=TargetKind.CPE, cpe=cpe, vendor=vendor, product=product, ecosystem=ecosystem
        )
        found = True
    name = product or package
    if name or vendor or not found:
        # With one CPE name, what it says of edition and platform holds of the spoken name as well.
        yield Target(
            kind=TargetKind.NAME,
            vendor=vendor,
            product=name or "n/a",
            ecosystem=ecosystem,
            cpe=named[0] if len(named) == 1 else None,
        )


def _cpes(each: _Affected) -> tuple[str, ...]:
    """The entry's CPE names, one a product where its version list says which versions are meant."""
    if not each.entry.get("cpes"):
        return ()
    named = [c for raw in texts(each.entry, "cpes", each.at) if (c := cpes.converted(raw))]
    usable = any(
        not version_text.names_no_version(text(version, "version", where) or "")
        or version.get("lessThan")
        or version.get("lessThanOrEqual")
        for where, version in each.versions
    )
    if usable:
        named = [cpes.versionless(cpe) for cpe in named]
    return tuple(dict.fromkeys(named))[:_MAX_CPES]

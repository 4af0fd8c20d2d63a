"""Tells which of our products a person's statement means, by the identities of the catalogue.

A statement names a product of ours as `urn:patchvigil:product:<id>@<version>`, or as others do: by
the package URL of the product that its SBOM describes, as `pkg:generic/<name>`, by a CPE name or by
vendor and product name. Where one product is meant and no other, the statement is limited to it.
What is not resolved is said in the answer: it must not look as if something had been cleared.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from schemas.advisories import Assertion, Range, Target, TargetKind, Vulnerability
from schemas.catalogue import ProductRegistered
from schemas.identifiers import cpe, cpe_values, purl
from schemas.vex import OURS

_SIGNS = re.compile(r"[^a-z0-9]+")
_SHOWN = 3
_HOW = f"name a product as {OURS}<id>@<version>"


@dataclass(frozen=True, slots=True)
class Own:
    """A product of the catalogue: its versions, and the keys of all that it is called."""

    product: str
    versions: frozenset[str]
    keys: frozenset[str] = field(repr=False)


def own(registered: ProductRegistered, purls: Iterable[str] = ()) -> Own:
    """Read a product's names; `purls` are what its SBOMs call it."""
    names = {registered.product, registered.name, *(e.product for e in registered.identities)}
    keys = {f"purl:generic/{_plain(each)}" for each in names}
    for each in registered.identities:
        who, what = _plain(each.vendor), _plain(each.product)
        keys |= {f"purl:generic/{who}/{what}", f"name:{who}|{what}"}
        keys |= set(_of_cpe(each.cpe))
    for text in purls:
        keys |= set(_of_purl(text))
    return Own(
        registered.product, frozenset(each.version for each in registered.versions), frozenset(keys)
    )


@dataclass(frozen=True, slots=True)
class Resolved:
    """Vulnerabilities, with claims limited where they name a product; `notes` are for people."""

    vulnerabilities: tuple[Vulnerability, ...]
    notes: tuple[str, ...]


def resolve(vulnerabilities: Sequence[Vulnerability], products: Sequence[Own]) -> Resolved:
    """Limit a person's claims to the products that they name, and say which name none."""
    notes: dict[str, None] = {}
    found = []
    for each in vulnerabilities:
        claims: list[Assertion] = []
        for claim in each.assertions:
            limited, said = _resolved(claim, products)
            claims += limited
            notes |= dict.fromkeys(said)
        found.append(each.model_copy(update={"assertions": tuple(claims)}))
    return Resolved(tuple(found), tuple(notes))


def told(notes: Sequence[str]) -> str:
    """Write notes as one sentence behind an answer's detail; empty where there are none."""
    if not notes:
        return ""
    more = f"; and {len(notes) - _SHOWN} more" if len(notes) > _SHOWN else ""
    return f"; {'; '.join(notes[:_SHOWN])}{more}; {_HOW}"


def _resolved(
    claim: Assertion, products: Sequence[Own]
) -> tuple[tuple[Assertion, ...], tuple[str, ...]]:
    if claim.product is not None:
        return (claim,), _unknown(claim.product, claim.product_version, products)
    named, ranges = claim.target, claim.ranges
    if claim.platforms:
        if len(claim.platforms) != 1 or len(claim.platforms[0]) != 1:
            return (claim,), ()
        named, ranges = claim.platforms[0][0].target, claim.platforms[0][0].ranges
    meant = _meant(named, products)
    if len(meant) != 1:
        return (claim,), (_unresolved(claim, named, meant),)
    return _limited(claim, meant[0], _versions(named, ranges))


def _unknown(product: str, version: str | None, products: Sequence[Own]) -> tuple[str, ...]:
    held = next((each for each in products if each.product == product), None)
    if held is None:
        return (f"{product!r} is no product of the catalogue: it clears nothing until it is",)
    if version is not None and version not in held.versions:
        return (f"{product!r} has no version {version!r}: it clears nothing until it has",)
    return ()


def _unresolved(claim: Assertion, named: Target, meant: Sequence[Own]) -> str:
    called = named.purl or named.cpe or f"{named.vendor} {named.product}"
    if meant:
        listed = ", ".join(sorted(each.product for each in meant))
        why = f"{called} is a name of several products ({listed})"
    else:
        why = f"{called} is no product of the catalogue"
    if claim.platforms:
        return f"{why}: what is said of a part in it holds only where an SBOM lists it"
    return f"{why}: the statement is limited to none, and holds wherever such a component is"


def _limited(
    claim: Assertion, meant: Own, versions: tuple[str, ...] | None
) -> tuple[tuple[Assertion, ...], tuple[str, ...]]:
    """The claim on that product: each version by itself, or by ranges where some are stated."""
    inside: dict[str, object] = {"product": meant.product, "platforms": ()}
    if not claim.platforms:
        inside["target"] = Target(kind=TargetKind.NAME, product=meant.product)
    if versions is None:
        if claim.platforms:
            why = f"{meant.product} is named in a range of versions: a part holds in one version"
            return (claim,), (why,)
        return (claim.model_copy(update=inside),), ()
    if not claim.platforms:
        inside["ranges"] = ()
    limited = tuple(
        claim.model_copy(update={**inside, "product_version": version})
        for version in versions or (None,)
    )
    return limited, tuple(note for v in versions for note in _unknown(meant.product, v, (meant,)))


def _versions(named: Target, ranges: Sequence[Range]) -> tuple[str, ...] | None:
    """The single versions that are named, none for the whole product; None where ranges are."""
    if not ranges and named.kind is TargetKind.CPE and (name := cpe.read(named.cpe or "")):
        written = name.version
        return () if written in {cpe.ANY, cpe.NA} else (cpe_values.text(written),)
    if any(not each.exact for each in ranges):
        return None
    return tuple(dict.fromkeys(version for each in ranges for version in each.exact))


def _meant(target: Target, products: Sequence[Own]) -> list[Own]:
    keys = set(_keys(target))
    return [each for each in products if keys & each.keys]


def _keys(target: Target) -> Iterator[str]:
    if target.kind is TargetKind.PURL:
        yield from _of_purl(target.purl)
    elif target.kind is TargetKind.CPE:
        yield from _of_cpe(target.cpe)
    elif target.vendor and target.product:
        yield f"name:{_plain(target.vendor)}|{_plain(target.product)}"


def _of_purl(text: str | None) -> Iterator[str]:
    found = purl.read(text or "")
    if found is None:
        return
    parts = [part for part in (found.namespace, found.name) if part]
    if found.type == "generic":
        parts = [_plain(part) for part in parts]
    yield f"purl:{found.type}/{'/'.join(parts)}".lower()


def _of_cpe(text: str | None) -> Iterator[str]:
    name = cpe.read(text or "")
    if name and not {cpe.ANY, cpe.NA} & {name.vendor, name.product}:
        yield f"cpe:{name.part}:{name.vendor}:{name.product}".lower()


def _plain(text: str) -> str:
    return _SIGNS.sub("-", text.casefold()).strip("-")

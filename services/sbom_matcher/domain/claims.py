"""Turns the assertions of an advisory into claims: spans of version keys under an identifier.

Assertions of one asserter on one target are read together, because a default status (CVE JSON 5,
`defaultStatus`) speaks of what none of them covers. What cannot be read becomes a span over every
version with the verdict unknown, never nothing.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from schemas.advisories import Assertion, Platform, Range, Status, Target, TargetKind
from schemas.findings import Verdict
from services.sbom_matcher.domain import called, cpe, handles, marks, names, purl, traits, versions
from services.sbom_matcher.domain.intervals import (
    EVERYTHING,
    NO_RANGE,
    Covered,
    Interval,
    of_range,
    outside,
)
from services.sbom_matcher.domain.versions.encoding import LOWEST, NOT_APPLICABLE

UNDER_INVESTIGATION = "under_investigation"
ANY_PRODUCT = "any_product"
"""The source names a vendor, and no product of it or a pattern for several."""

_VERDICTS = {
    Status.AFFECTED: Verdict.AFFECTED,
    Status.NOT_AFFECTED: Verdict.NOT_AFFECTED,
    Status.FIXED: Verdict.FIXED,
    Status.UNDER_INVESTIGATION: Verdict.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Span:
    """What an assertion says of the versions in an interval.

    `interval` is None for what it says of a component whose version cannot be read. `place` is the
    number of the stated range that says so, None for the default; `fixed` the version that ends it.
    """

    interval: Interval | None
    verdict: Verdict
    reason: str | None = None
    place: int | None = None
    fixed: str | None = None


@dataclass(frozen=True, slots=True)
class Present:
    """A platform that must be present: an identifier key in an interval of versions.

    `choice` numbers the alternatives of a group; None where nothing can show that it is absent.
    """

    ident: str
    interval: Interval
    choice: int | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One assertion, readable by the matcher: identifier keys and spans.

    It is met under any of `idents`, unless `traits` and the component's contradict each other, and
    holds where one platform of each group in `platforms` is present as well.
    """

    assertion: Assertion
    idents: tuple[str, ...]
    spans: tuple[Span, ...]
    traits: str | None = None
    platforms: tuple[tuple[Present, ...], ...] = ()


def read(
    assertions: Iterable[Assertion], among: AbstractSet[str] | None = None
) -> tuple[Claim, ...]:
    """Read assertions on one vulnerability; those whose target identifies nothing are left out.

    With `among`, so are those that are met by none of these identifier keys.
    """
    groups: dict[tuple[object, ...], list[Assertion]] = {}
    for each in assertions:
        identity = (
            each.asserter, each.target, each.default_status, each.product, each.product_version,
            each.author, each.expires_at, each.platforms,
        )  # fmt: skip
        groups.setdefault(identity, []).append(each)
    return tuple(claim for group in groups.values() for claim in _claims(group, among))


def idents_of(assertion: Assertion) -> tuple[str, ...]:
    """Give every identifier key that an assertion is met by."""
    files = marks.hashes(assertion.target.identifiers)
    return (*_spoken_of(assertion), *files, *called.idents(assertion))


def _spoken_of(assertion: Assertion) -> tuple[str, ...]:
    """Give the identifier keys under which an assertion's ranges hold."""
    target = assertion.target
    found = idents(target)
    if assertion.product is None:
        return found
    of_itself = target.kind is TargetKind.NAME and target.product in {None, "", assertion.product}
    return (handles.ident_of_product(assertion.product),) if of_itself or not found else found


def is_statement(assertion: Assertion) -> bool:
    """Tell whether an assertion is our own analysts', which outranks everybody's.

    A person states it. What a supplier says in an SBOM of a product of ours is limited to that
    product as well, and outranks nobody.
    """
    return assertion.author is not None


def narrowed(assertion: Assertion, place: int | None) -> Assertion:
    """Keep only the range that decided: evidence names it, not a thousand others."""
    ranges = assertion.ranges if place is None else assertion.ranges[place : place + 1]
    few = tuple(each for each in ranges if len(each.exact) <= _SHOWN)
    return assertion.model_copy(update={"ranges": few if place is not None else few[:_SHOWN]})


_SHOWN = 20
"""The most ranges, or versions in one, that evidence repeats."""


def idents(target: Target) -> tuple[str, ...]:
    """Give the keys of a target.

    A CPE name is also met by a component that names no vendor, and a generic package URL, which has
    no registry behind it, by the vendor and name in it.
    """
    if target.kind is TargetKind.PURL and (package := purl.read(target.purl or "")):
        who = package.type == versions.GENERIC and names.base(purl.vendor(package), package.name)
        return (purl.base(package), who) if who else (purl.base(package),)
    if target.kind is TargetKind.CPE and (name := cpe.read(target.cpe or "")):
        if not cpe.names_product(name):
            return cpe.of_vendor(name)
        return tuple(key for key in (*cpe.keys(name), cpe.of_product(name)) if key)
    name_key = names.base(target.vendor, target.product)
    marked = marks.keys(target.vendor, target.identifiers)
    return (name_key, *marked) if name_key else marked


def _traits(target: Target) -> str | None:
    """Say what a target says beside its key: a package's release, a CPE name's platform."""
    if target.kind is TargetKind.PURL and (package := purl.read(target.purl or "")):
        return traits.of_package(package)
    name = cpe.read(target.cpe) if target.cpe else None
    if name and _is_vague(target):
        return traits.of_product(name)
    return traits.of_name(name) if name else None


def _is_vague(target: Target) -> bool:
    """Tell whether a target says which vendor is meant and not exactly which product."""
    found = idents(target) if target.kind is TargetKind.CPE else ()
    return bool(found) and all(map(cpe.is_of_vendor, found))


def _platforms(assertion: Assertion) -> tuple[tuple[Present, ...], ...]:
    """Read each group of platforms; one that cannot be read can never be shown to be present."""
    return tuple(
        tuple(
            present
            for number, platform in enumerate(group)
            for present in _alternative(number, platform)
        )
        for group in assertion.platforms
    )


def _alternative(number: int, platform: Platform) -> tuple[Present, ...]:
    """Read one platform of a group; what cannot be read is neither shown nor shown to be absent.

    Catalogues write version `-` where a platform's version does not matter: it refutes none.
    """
    intervals = tuple(_versions_of(platform))
    choice = None if any(each.low == NOT_APPLICABLE for each in intervals) else number
    named = [ident for ident in idents(platform.target) if not cpe.is_of_vendor(ident)]
    found = tuple(Present(ident, each, choice) for each in intervals for ident in named)
    return found or (_UNREADABLE,)


_UNREADABLE = Present("", Interval(LOWEST, LOWEST))


def _versions_of(platform: Platform) -> Iterator[Interval]:
    stated = Assertion(
        asserter="platform", target=platform.target, status=Status.AFFECTED, ranges=platform.ranges
    )
    for each in _ranges(stated):
        yield from _covered(stated, each).intervals


def _claims(group: list[Assertion], among: AbstractSet[str] | None) -> Iterator[Claim]:
    for claim in filter(None, (*map(_of_files, group), *map(_of_models, group))):
        if among is None or not among.isdisjoint(claim.idents):
            yield claim
    found_idents = tuple(dict.fromkeys(_spoken_of(group[0])))
    if not found_idents or (among is not None and among.isdisjoint(found_idents)):
        return
    beside, platforms = _traits(group[0].target), _platforms(group[0])
    covered = [[_covered(each, stated) for stated in _ranges(each)] for each in group]
    spans = [list(_spans(each, found)) for each, found in zip(group, covered, strict=True)]
    spans[0].extend(_default(group[0], covered, spans))
    vague = _is_vague(group[0].target)
    for each, found in zip(group, spans, strict=True):
        kept = _without_repeats(list(_doubted(found)) if vague else found)
        unversioned = _unversioned(kept)
        yield Claim(
            each,
            found_idents,
            (*kept, unversioned) if unversioned else kept,
            beside,
            platforms,
        )


def _of_files(assertion: Assertion) -> Claim | None:
    """Read what is said of files by their hashes: it holds of them whatever their version is."""
    found = marks.hashes(assertion.target.identifiers)
    if not found:
        return None
    verdict = _VERDICTS[assertion.status]
    reason = UNDER_INVESTIGATION if verdict is Verdict.UNKNOWN else assertion.justification
    platforms = _platforms(assertion)
    return Claim(assertion, found, (Span(None, verdict, reason),), None, platforms)


def _of_models(assertion: Assertion) -> Claim | None:
    """Read models that stand where versions belong: which of their versions is meant, none says."""
    found = called.idents(assertion)
    if not found:
        return None
    spans = tuple(Span(each, Verdict.UNKNOWN, NO_RANGE) for each in (EVERYTHING, None))
    return Claim(assertion, found, spans, None, _platforms(assertion))


def _ranges(assertion: Assertion) -> tuple[Range, ...]:
    """Give the stated ranges, else the version inside the target, else every version."""
    target = assertion.target
    if assertion.ranges:
        return assertion.ranges
    if target.kind is TargetKind.CPE and (name := cpe.read(target.cpe or "")):
        return (Range(exact=(cpe.written_version(name),)),)
    if target.kind is TargetKind.PURL and (package := purl.read(target.purl or "")):
        version = purl.version(package)
        return (Range(exact=(version,)),) if version else (Range(),)
    return (Range(),)


def _covered(assertion: Assertion, stated: Range) -> Covered:
    """Read a range in the scheme of what the target is met by."""
    target = assertion.target
    package = purl.read(target.purl or "") if target.kind is TargetKind.PURL else None
    return of_range(package.type if package else versions.GENERIC, stated)


def _spans(assertion: Assertion, covered: list[Covered]) -> Iterator[Span]:
    verdict = _VERDICTS[assertion.status]
    reason = UNDER_INVESTIGATION if verdict is Verdict.UNKNOWN else assertion.justification
    for place, each in enumerate(covered):
        stated = assertion.ranges[place] if assertion.ranges else None
        number = place if stated else None
        for interval in each.intervals:
            yield Span(interval, verdict, reason, number, stated.fixed if stated else None)
        if each.unread and verdict in {Verdict.AFFECTED, Verdict.UNKNOWN}:
            yield Span(EVERYTHING, Verdict.UNKNOWN, each.unread, number)


def _default(
    first: Assertion, covered: list[list[Covered]], spans: list[list[Span]]
) -> Iterator[Span]:
    """Say what the default status says of versions that no range covers."""
    if first.default_status is None:
        return
    verdict = _VERDICTS[first.default_status]
    unread = any(each.verdict is Verdict.UNKNOWN for found in spans for each in found)
    if unread and verdict is not Verdict.AFFECTED:
        return
    reason = UNDER_INVESTIGATION if verdict is Verdict.UNKNOWN else "default_status"
    stated = (interval for found in covered for each in found for interval in each.intervals)
    for gap in outside(stated):
        yield Span(gap, verdict, reason)


def _doubted(spans: Iterable[Span]) -> Iterator[Span]:
    """Leave to a person what is said of products that are not named; what clears says nothing."""
    for each in spans:
        if each.verdict in {Verdict.AFFECTED, Verdict.UNKNOWN}:
            yield Span(each.interval, Verdict.UNKNOWN, ANY_PRODUCT, each.place)


def _without_repeats(spans: list[Span]) -> tuple[Span, ...]:
    """Drop single versions that a longer span of the same verdict covers already."""
    longer = [each for each in spans if each.interval and not _single(each.interval)]
    kept = {
        (each.interval, each.verdict): each
        for each in reversed(spans)
        if not (
            each.interval
            and _single(each.interval)
            and any(
                other.verdict is each.verdict
                and other.interval
                and other.interval.low <= each.interval.low
                and each.interval.high <= other.interval.high
                for other in longer
            )
        )
    }
    return tuple(reversed(kept.values()))


def _single(interval: Interval) -> bool:
    return interval.high == interval.low + b"\x00"


def _unversioned(spans: tuple[Span, ...]) -> Span | None:
    """Say what holds for a component whose version cannot be read."""
    whole = [each for each in spans if each.interval and each.interval.whole]
    for verdict in (Verdict.AFFECTED, Verdict.UNKNOWN):
        for each in whole:
            if each.verdict is verdict:
                return Span(None, verdict, each.reason, each.place)
    for each in spans:
        if each.verdict in {Verdict.AFFECTED, Verdict.UNKNOWN}:
            return Span(None, Verdict.UNKNOWN, None, each.place)
    return Span(None, whole[0].verdict, whole[0].reason, whole[0].place) if whole else None

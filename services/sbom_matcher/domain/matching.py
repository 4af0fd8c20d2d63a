"""Matches stock against claims in memory: the oracle of the SQL in `store`, and for one-shot use.

The rule: a handle meets a span where both have the same identifier key and the handle's version key
lies in the span's interval; a handle without a key meets the span that speaks of unreadable
versions. Traits that contradict each other part them. A statement limited to a product meets only
that product's stock. Of a claim that holds on a platform only, what would be affected is unknown
until one is in the same product version, and what would clear it says nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.findings import Matcher, Verdict
from services.sbom_matcher.domain import traits
from services.sbom_matcher.domain.claims import Claim, Present, Span, is_statement
from services.sbom_matcher.domain.handles import Handle

_MATCHERS = {
    "purl": Matcher.PURL,
    "cpe": Matcher.CPE,
    "name": Matcher.NAME,
    "product": Matcher.STATEMENT,
    "model": Matcher.IDENTIFIER,
    "sku": Matcher.IDENTIFIER,
    "udi": Matcher.IDENTIFIER,
}

PLATFORM_UNCONFIRMED = "platform_unconfirmed"
"""The flaw needs a platform that the product version's inventory does not show."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a finding is: the four coordinates that its id is made of.

    `component` is the component's identity, or empty for the product version itself.
    """

    vulnerability: str
    product: str
    version: str
    hardware: str
    component: str


@dataclass(frozen=True, slots=True)
class Stock:
    """A component of a product version, or the product version itself, with its handles."""

    product: str
    version: str
    hardware: str
    component: str
    handles: tuple[Handle, ...]


@dataclass(frozen=True, slots=True)
class Stated:
    """A claim as held: which vulnerability it is on, where it comes from and since when."""

    assertion: int
    vulnerability: str
    advisory: str
    held_at: datetime
    claim: Claim


@dataclass(frozen=True, slots=True)
class Met:
    """One assertion that met a component, and what it says of it alone.

    `digest` is the assertion's content, so that evidence which changed its words shows.
    """

    assertion: int
    advisory: str
    asserter: str
    matcher: Matcher
    verdict: Verdict
    reason: str | None
    place: int | None
    fixed: str | None
    statement: bool
    whole_product: bool
    held_at: datetime
    digest: bytes = b""


def match(
    stock: Iterable[Stock], stated: Iterable[Stated], now: datetime
) -> dict[Place, tuple[Met, ...]]:
    """Find every claim that meets every piece of stock at the instant `now`."""
    by_ident: defaultdict[str, list[Stated]] = defaultdict(list)
    for each in stated:
        for ident in each.claim.idents:
            by_ident[ident].append(each)
    held = list(stock)
    contents = _contents(held)
    found: defaultdict[Place, list[Met]] = defaultdict(list)
    for piece in held:
        for handle in piece.handles:
            for each in by_ident.get(handle.ident, ()):
                if _speaks_of(each, piece, now) and traits.agree(each.claim.traits, handle.traits):
                    place = Place(
                        each.vulnerability, piece.product, piece.version, piece.hardware,
                        piece.component,
                    )  # fmt: skip
                    inside = contents[piece.product, piece.version]
                    shown = _shown(each, piece, inside)
                    mets = (on_platform(met, shown=shown) for met in _met(each, handle))
                    found[place].extend(met for met in mets if met)
    return {place: tuple(mets) for place, mets in found.items() if mets}


def matcher_of(ident: str, *, statement: bool) -> Matcher:
    """Say by which kind of identifier an identifier key matches."""
    return Matcher.STATEMENT if statement else _MATCHERS[ident.partition(":")[0]]


def on_platform(met: Met, *, shown: bool | None) -> Met | None:
    """Say what is left of a claim whose platform is shown to be present (None: it needs none)."""
    if shown is not False:
        return met
    if met.verdict in {Verdict.AFFECTED, Verdict.UNKNOWN}:
        return replace(met, verdict=Verdict.UNKNOWN, reason=PLATFORM_UNCONFIRMED)
    return None


_Contents = Mapping[str, Sequence[tuple[str, bytes | None]]]
"""What a product version holds: hardware and version key by identifier key."""


def _contents(stock: Sequence[Stock]) -> Mapping[tuple[str, str], _Contents]:
    found: defaultdict[tuple[str, str], defaultdict[str, list[tuple[str, bytes | None]]]]
    found = defaultdict(lambda: defaultdict(list))
    for piece in stock:
        for handle in piece.handles:
            held = found[piece.product, piece.version]
            held[handle.ident].append((piece.hardware, handle.key))
    return found


def _shown(stated: Stated, piece: Stock, contents: _Contents) -> bool | None:
    """Tell whether one platform of each group is in the same product version and hardware."""
    if not stated.claim.platforms:
        return None
    return all(
        any(
            _is_present(wanted, key)
            for wanted in group
            for hardware, key in contents.get(wanted.ident, ())
            if hardware == piece.hardware or "" in {hardware, piece.hardware}
        )
        for group in stated.claim.platforms
    )


def _is_present(wanted: Present, key: bytes | None) -> bool:
    if key is None:
        return wanted.interval.whole
    return wanted.interval.low <= key < wanted.interval.high


def _speaks_of(stated: Stated, piece: Stock, now: datetime) -> bool:
    assertion = stated.claim.assertion
    if assertion.expires_at is not None and assertion.expires_at <= now:
        return False
    if assertion.product not in {None, piece.product}:
        return False
    return assertion.product is None or assertion.product_version in {None, piece.version}


def _met(stated: Stated, handle: Handle) -> Iterator[Met]:
    assertion = stated.claim.assertion
    for span in stated.claim.spans:
        if _covers(span, handle):
            statement = is_statement(assertion)
            yield Met(
                assertion=stated.assertion,
                advisory=stated.advisory,
                asserter=assertion.asserter,
                matcher=matcher_of(handle.ident, statement=statement),
                verdict=span.verdict,
                reason=span.reason or (handle.reason if span.interval is None else None),
                place=span.place,
                fixed=span.fixed,
                statement=statement,
                whole_product=handle.ident.startswith("product:"),
                held_at=stated.held_at,
            )


def _covers(span: Span, handle: Handle) -> bool:
    if span.interval is None or handle.key is None:
        return span.interval is None and handle.key is None
    return span.interval.low <= handle.key < span.interval.high

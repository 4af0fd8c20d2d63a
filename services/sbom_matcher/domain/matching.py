"""Matches stock against claims in memory: the oracle of the SQL in `store`, and for one-shot use.

The rule is one sentence: a handle meets a span where both have the same identifier key and the
handle's version key lies in the span's interval; a handle without a key meets the span that speaks
of unreadable versions. A statement limited to a product meets only that product's stock.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from schemas.findings import Matcher, Verdict
from services.sbom_matcher.domain.claims import Claim, Span, is_statement
from services.sbom_matcher.domain.handles import Handle

_MATCHERS = {
    "purl": Matcher.PURL,
    "cpe": Matcher.CPE,
    "name": Matcher.NAME,
    "product": Matcher.STATEMENT,
}


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
        by_ident[each.claim.ident].append(each)
    found: defaultdict[Place, list[Met]] = defaultdict(list)
    for piece in stock:
        for handle in piece.handles:
            for each in by_ident.get(handle.ident, ()):
                if _speaks_of(each, piece, now):
                    place = Place(
                        each.vulnerability, piece.product, piece.version, piece.hardware,
                        piece.component,
                    )  # fmt: skip
                    found[place].extend(_met(each, handle))
    return {place: tuple(mets) for place, mets in found.items() if mets}


def matcher_of(ident: str, *, statement: bool) -> Matcher:
    """Say by which kind of identifier an identifier key matches."""
    return Matcher.STATEMENT if statement else _MATCHERS[ident.partition(":")[0]]


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

"""Matches stock against claims in memory: the oracle of the SQL in `store`, and for one-shot use.

The rule: a handle meets a span where both have the same identifier key and the handle's version key
lies in the span's interval; a handle without a key meets the span that speaks of unreadable
versions. Traits that contradict each other part them. A statement limited to a product meets only
that product's stock, and where it names no component version it clears only what an SBOM held
when it was stated. Of a claim that holds on a platform only, what would be affected is unknown
until one is in the same product version, and what would clear it says nothing. Where each platform
that it could hold on is there in another version, it does not hold (NISTIR 7698, 5.3: a false
member of AND makes the statement false).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from schemas.findings import Matcher, Verdict
from services.sbom_matcher.domain import traits
from services.sbom_matcher.domain.claims import Claim, Present, Span, is_statement
from services.sbom_matcher.domain.handles import Handle

_MATCHERS = {
    "purl": Matcher.PURL,
    "cpe": Matcher.CPE,
    "name": Matcher.NAME,
    "called": Matcher.NAME,
    "product": Matcher.STATEMENT,
    "model": Matcher.IDENTIFIER,
    "sku": Matcher.IDENTIFIER,
    "udi": Matcher.IDENTIFIER,
    "hash": Matcher.HASH,
}

ALWAYS = datetime.min.replace(tzinfo=UTC)
CLEARING = frozenset({Verdict.NOT_AFFECTED, Verdict.FIXED})

PLATFORM_UNCONFIRMED = "platform_unconfirmed"
"""The flaw needs a platform that the product version's inventory does not show."""


class Condition(StrEnum):
    """Whether what a claim needs beside its target is in the product version."""

    HOLDS = "holds"
    OPEN = "open"
    FAILS = "fails"


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
    """A component of a product version, or the product version itself, with its handles.

    `since` is when an SBOM first listed it in this version.
    """

    product: str
    version: str
    hardware: str
    component: str
    handles: tuple[Handle, ...]
    since: datetime = ALWAYS


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

    `digest` is the assertion's content, so that evidence which changed its words shows. `ident` and
    `key` are by what they met; one assertion that met by several identifiers is one.
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
    since: datetime = field(default=ALWAYS, compare=False)
    ident: str = field(default="", compare=False)
    key: bytes | None = field(default=None, compare=False)

    @property
    def wide(self) -> bool:
        """Whether it is our word on a whole product, which reaches each of its components."""
        return self.statement and self.whole_product

    def reaches(self, since: datetime) -> bool:
        """Whether what it says of a whole product bears on a component that is there since then.

        An analyst who clears a product knows what was in it; a version that came later is new.
        """
        return self.verdict not in CLEARING or since <= self.held_at


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
                    condition = _condition(each, piece, inside)
                    mets = (on_platform(met, condition) for met in _met(each, handle, piece))
                    found[place].extend(met for met in mets if met)
    return {place: tuple(mets) for place, mets in found.items() if mets}


def matcher_of(ident: str, *, statement: bool) -> Matcher:
    """Say by which kind of identifier an identifier key matches."""
    return Matcher.STATEMENT if statement else _MATCHERS[ident.partition(":")[0]]


def on_platform(met: Met, condition: Condition | None) -> Met | None:
    """Say what is left of a claim under the condition that it needs (None: it needs none)."""
    if condition in {None, Condition.HOLDS}:
        return met
    if condition is Condition.OPEN and met.verdict in {Verdict.AFFECTED, Verdict.UNKNOWN}:
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


def _condition(stated: Stated, piece: Stock, contents: _Contents) -> Condition | None:
    """Tell whether one platform of each group is in the same product version and hardware."""
    if not stated.claim.platforms:
        return None
    groups = [_group(each, piece.hardware, contents) for each in stated.claim.platforms]
    if Condition.FAILS in groups:
        return Condition.FAILS
    return Condition.OPEN if Condition.OPEN in groups else Condition.HOLDS


def _group(group: Sequence[Present], hardware: str, contents: _Contents) -> Condition:
    """Tell of the alternatives of one group: it fails where each is there, in another version."""
    there: dict[int | None, list[bytes | None]] = {}
    for wanted in group:
        keys = [
            key
            for place, key in contents.get(wanted.ident, ())
            if place == hardware or "" in {hardware, place}
        ]
        if any(_is_present(wanted, key) for key in keys):
            return Condition.HOLDS
        there.setdefault(wanted.choice, []).extend(keys)
    elsewhere = (
        number is not None and bool(keys) and None not in keys for number, keys in there.items()
    )
    return Condition.FAILS if there and all(elsewhere) else Condition.OPEN


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


def _met(stated: Stated, handle: Handle, piece: Stock) -> Iterator[Met]:
    assertion = stated.claim.assertion
    for span in stated.claim.spans:
        if _covers(span, handle):
            statement = is_statement(assertion)
            if statement and _came_later(span, piece, stated.held_at):
                continue
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
                since=piece.since,
                ident=handle.ident,
                key=handle.key,
            )


def _came_later(span: Span, piece: Stock, held_at: datetime) -> bool:
    """Whether a statement that clears and names no version could not know this component."""
    named = span.interval is not None and not span.interval.whole
    of_itself = piece.component == ""
    return span.verdict in CLEARING and not named and not of_itself and piece.since > held_at


def _covers(span: Span, handle: Handle) -> bool:
    if span.interval is None or handle.key is None:
        return span.interval is None and handle.key is None
    return span.interval.low <= handle.key < span.interval.high

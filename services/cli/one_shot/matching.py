"""Matches one SBOM against indexed advisories by the rules that the fleet's matcher follows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from schemas.advisories import Assertion, Score, Vulnerability
from schemas.sboms import Component
from services.cli.one_shot import severity
from services.cli.one_shot.canonical import Entry
from services.cli.one_shot.index import Index
from services.cli.one_shot.severity import Severity
from services.intake.formats.canonical import Sbom
from services.sbom_matcher.domain import (
    aliases,
    claims,
    handles,
    identity,
    inventory,
    matching,
    verdict,
)
from services.sbom_matcher.domain.matching import Met, Place, Stated, Stock
from services.sbom_matcher.domain.verdict import Decision


@dataclass(frozen=True, slots=True)
class Proof:
    """An assertion that met the component, and what it says of it."""

    advisory: str
    url: str | None
    assertion: Assertion
    met: Met


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of one vulnerability in one component; None is the product itself."""

    vulnerability: str
    aliases: tuple[str, ...]
    component: Component | None
    decision: Decision
    severity: Severity
    score: Score | None
    exploited: bool
    proofs: tuple[Proof, ...]

    @property
    def matcher(self) -> str | None:
        """By which kind of identifier the deciding assertion met it."""
        said = [each.met for each in self.proofs if each.met.verdict is self.decision.verdict]
        return str((said or [each.met for each in self.proofs])[0].matcher) if self.proofs else None


@dataclass(frozen=True, slots=True)
class _Said:
    """What one advisory says of one vulnerability, read."""

    entry: Entry
    vulnerability: Vulnerability


@dataclass(frozen=True, slots=True)
class _Group:
    """All names of one vulnerability, and the score that is acted on."""

    names: frozenset[str]
    score: Score | None


def match(
    sbom: Sbom, index: Index, statements: Sequence[Entry], now: datetime, *, everything: bool
) -> list[Result]:
    """Match an SBOM; results in the order of severity, the worst first, then of names.

    `statements` are VEX statements in the SBOM and beside the advisories. Without `everything`,
    what is not affected is left out unless somebody stated it, as the fleet does.
    """
    parts = {str(identity.of_component(each)): each for each in sbom.components}
    stock = list(_stock(sbom, parts))
    idents = {handle.ident for piece in stock for handle in piece.handles}
    said = [_Said(each, each.vulnerability()) for each in (*index.met_by(idents), *statements)]
    named = _names(said, index)
    stated = list(_stated(said, named, idents, now))
    claimed = [claim for _, claim in stated]
    decided = verdict.decide(matching.match(stock, claimed, now)) | _gaps(stock)
    groups, exploited = _groups(said, named), index.exploited()
    found = []
    for place, decision in decided.items():
        if everything or decision.noteworthy:
            group = groups.get(place.vulnerability, _Group(frozenset({place.vulnerability}), None))
            found.append(
                Result(
                    vulnerability=place.vulnerability,
                    aliases=tuple(sorted(group.names - {place.vulnerability})),
                    component=parts.get(place.component),
                    decision=decision,
                    severity=severity.of(decision.verdict, group.score),
                    score=group.score,
                    exploited=not exploited.isdisjoint(group.names),
                    proofs=tuple(_proof(stated, met) for met in decision.mets),
                )
            )
    return sorted(found, key=_order)


def product_of(sbom: Sbom) -> tuple[str, str]:
    """Name the product and the version that the SBOM describes."""
    return sbom.subject.product or sbom.subject.name or "product", sbom.subject.version or ""


def _stock(sbom: Sbom, parts: Mapping[str, Component]) -> Iterator[Stock]:
    """Give the product itself, then each of its components once."""
    product, version = product_of(sbom)
    yield Stock(product, version, "", "", handles.of_product(product, version, ()))
    for key, part in parts.items():
        yield Stock(product, version, "", key, handles.of_part(part))


def _names(said: Sequence[_Said], index: Index) -> Mapping[str, str]:
    """Name the vulnerability that each identifier means: by its CVE, where it has one."""
    own = [(each.entry.identifier, alias) for each in said for alias in each.vulnerability.aliases]
    names = {each.entry.identifier for each in said} | {name for pair in own for name in pair}
    pairs = {*own, *index.aliases(names)}
    names |= {name for pair in pairs for name in pair}
    ordered = sorted(names, key=lambda name: (not name.startswith("CVE-"), name))
    held = {name: aliases.Held(name, number) for number, name in enumerate(ordered)}
    return aliases.regroup(held, (aliases.Edge("", one, other) for one, other in pairs)).groups


def _stated(
    said: Iterable[_Said], named: Mapping[str, str], idents: AbstractSet[str], now: datetime
) -> Iterator[tuple[_Said, Stated]]:
    """Read what is said under these identifier keys; nothing else can meet the SBOM."""
    number = count()
    for each in said:
        entry = each.entry
        for claim in claims.read(each.vulnerability.assertions, among=idents):
            yield (
                each,
                Stated(
                    next(number),
                    named[entry.identifier],
                    entry.advisory,
                    entry.stated_at or now,
                    claim,
                ),
            )


def _gaps(stock: Sequence[Stock]) -> dict[Place, Decision]:
    """An SBOM in which nothing can be met says nothing: that is unknown, and never clean."""
    own = stock[0]
    matchable = sum(bool(piece.handles) for piece in stock if piece.component)
    contents = inventory.Contents(own.product, own.version, "", matchable)
    return inventory.gaps([inventory.Released(own.product, own.version, ())], [contents])


def _groups(said: Iterable[_Said], named: Mapping[str, str]) -> dict[str, _Group]:
    names: defaultdict[str, set[str]] = defaultdict(set)
    for name, group in named.items():
        names[group].add(name)
    scores: defaultdict[str, list[Score]] = defaultdict(list)
    for each in said:
        scores[named[each.entry.identifier]] += each.vulnerability.scores
    return {
        group: _Group(frozenset(names[group]), severity.highest(scores[group])) for group in names
    }


def _proof(stated: Sequence[tuple[_Said, Stated]], met: Met) -> Proof:
    said, claim = stated[met.assertion]
    narrowed = claims.narrowed(claim.claim.assertion, met.place)
    return Proof(met.advisory, said.entry.url or None, narrowed, met)


def _order(result: Result) -> tuple[int, str, str]:
    name = result.component.name if result.component else ""
    return -result.severity, result.vulnerability, name

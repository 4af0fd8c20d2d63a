"""SQL and the in-memory oracle find the same, whatever the stock and the advisories are."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from schemas.advisories import (
    AdvisoryPublished,
    Assertion,
    Identifier,
    IdentifierKind,
    Platform,
    Range,
    Status,
    Target,
    TargetKind,
)
from schemas.catalogue import ProductRegistered
from schemas.findings import FindingKind
from schemas.sboms import Component, SbomRegistered
from services.kit.settings import Settings
from services.kit.unit import Unit, Units
from services.sbom_matcher import rematch
from services.sbom_matcher.domain import handles, identity, kinds, matching, verdict
from services.sbom_matcher.domain.aliases import Edge, Held, regroup
from services.sbom_matcher.domain.handles import Spoken
from services.sbom_matcher.domain.matching import Met, Place, Stated, Stock
from services.sbom_matcher.handlers import on_advisories, on_products, on_sboms
from services.sbom_matcher.store import advisories as store
from services.sbom_matcher.store import findings, matches, pending
from tests.component.sbom_matcher.conftest import opened, received
from tests.component.sbom_matcher.facts import NOW, advisory, product, sbom

NAMES = ("alpha", "beta")
VERSIONS = ("1.0", "1.0.1", "1.1", "2.0", "2.0-rc1", "odd one")
COMPONENTS = st.builds(
    lambda name, version, purl, cpe, supplier, edition, file: Component(
        ref="r", name=name, version=version, supplier=supplier,
        hashes={"SHA-256": file * 64} if file else {},
        purl=(f"pkg:npm/{name}@{version}" if version else f"pkg:npm/{name}") if purl else None,
        cpe=f"cpe:2.3:a:{cpe}:{name}:{'*' if version else '-'}:*:*:*:*:{edition}:*:*"
        if cpe else None,
    ),
    st.sampled_from(NAMES), st.sampled_from((*VERSIONS, None)), st.booleans(),
    st.sampled_from(("acme", "*", None)), st.sampled_from(("Acme Inc.", None)),
    st.sampled_from(("*", "*", "linux", "-")), st.sampled_from(("", "a", "b")),
)  # fmt: skip
TARGETS = st.builds(
    lambda kind, name, edition, file: {
        TargetKind.PURL: Target(kind=kind, purl=f"pkg:npm/{name}"),
        TargetKind.CPE: Target(kind=kind, cpe=f"cpe:2.3:a:acme:{name}:*:*:*:*:*:{edition}:*:*"),
        TargetKind.NAME: Target(
            kind=kind, vendor="ACME", product=name,
            identifiers=(Identifier(kind=IdentifierKind.HASH, value=f"sha256:{file * 64}"),)
            if file else (),
        ),
    }[kind],
    st.sampled_from(TargetKind), st.sampled_from((*NAMES, "pump", "*", "al*")),
    st.sampled_from(("*", "linux", "windows")), st.sampled_from(("", "a", "b")),
)  # fmt: skip
BOUND = st.sampled_from((*VERSIONS[:5], None))
RANGES = st.one_of(
    st.builds(Range, introduced=BOUND, fixed=BOUND),
    st.builds(Range, introduced=BOUND, introduced_exclusive=st.booleans(), last_affected=BOUND),
    st.builds(Range, exact=st.lists(st.sampled_from(VERSIONS), min_size=1, max_size=3).map(tuple)),
    st.just(Range(unparsed="some", reason="not a version")),
)
PLATFORMS = st.lists(
    st.lists(
        st.builds(Platform, target=TARGETS, ranges=st.lists(RANGES, max_size=1).map(tuple)),
        min_size=1,
        max_size=2,
    ).map(tuple),
    max_size=2,
).map(tuple)
ASSERTIONS = st.builds(
    Assertion,
    asserter=st.sampled_from(("cna", "adp")), target=TARGETS, status=st.sampled_from(Status),
    default_status=st.sampled_from((None, Status.AFFECTED, Status.NOT_AFFECTED)),
    ranges=st.lists(RANGES, max_size=2).map(tuple),
    product=st.sampled_from((None, None, None, "pump")),
    product_version=st.sampled_from((None, "1")), platforms=st.just(()) | PLATFORMS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """A small portfolio and what advisories say."""

    product: ProductRegistered
    sboms: tuple[SbomRegistered, ...]
    advisories: tuple[AdvisoryPublished, ...]

    def stock(self) -> list[Stock]:
        spoken = tuple(Spoken(each.vendor, each.product) for each in self.product.identities)
        own = [
            Stock("pump", each.version, "", "", handles.of_product("pump", each.version, spoken))
            for each in self.product.versions
        ]
        return own + [
            Stock(
                each.product, each.version, each.hardware, identity.of_component(part).hex,
                handles.of_part(part), each.registered_at,
            )
            for each in self.sboms
            for part in each.components
        ]  # fmt: skip

    def stated(self) -> list[Stated]:
        said = [(each.advisory, each.vulnerabilities[0]) for each in self.advisories]
        names = dict.fromkeys(name for _, v in said for name in (v.id, *v.aliases))
        held = {name: Held(name, number) for number, name in enumerate(names)}
        edges = [Edge(a, v.id, alias) for a, v in said for alias in v.aliases if alias != v.id]
        groups = regroup(held, edges).groups
        return [
            Stated(0, groups[entry.identifier], entry.advisory, entry.held_at, entry.claim)
            for each in self.advisories
            for entry in store.entries(each)
        ]


PORTFOLIOS = st.builds(
    lambda contents, claims: Given(
        product("pump", "1", "2", vendor="Acme"),
        tuple(
            sbom("pump", version, *components, hardware=hardware).model_copy(
                update={"registered_at": NOW + timedelta(days=later)}
            )
            for (version, hardware), (later, components) in contents.items()
        ),
        tuple(
            advisory(f"osv/{number}", f"V-{group}", *assertions, aliases=(f"V-{alias}",))
            for number, (group, alias, assertions) in enumerate(claims)
        ),
    ),
    st.dictionaries(
        st.tuples(st.sampled_from(("1", "2")), st.sampled_from(("", "A"))),
        # An SBOM may come after what was stated, and before it.
        st.tuples(st.sampled_from((0, 1)), st.lists(COMPONENTS, max_size=4)), max_size=3,
    ),
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.lists(ASSERTIONS, max_size=3)),
        max_size=4,
    ),
)  # fmt: skip


def _plain(found: dict[Place, tuple[Met, ...]]) -> dict[Place, set[Met]]:
    return {
        place: {replace(met, assertion=0, digest=b"") for met in mets}
        for place, mets in found.items()
    }


def test_sql_and_the_oracle_find_the_same_in_both_directions(settings: Settings) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        units = runner.run(stack.enter_async_context(opened(settings)))

        @examples(max_examples=150, derandomize=True, database=None)
        @given(PORTFOLIOS)
        def agree(portfolio: Given) -> None:
            runner.run(_compare(units, portfolio))

        try:
            agree()
        finally:
            runner.run(stack.aclose())


class _UndoneError(Exception):
    """Ends a unit without a trace."""


async def _compare(units: Units, portfolio: Given) -> None:
    try:
        async with units.begin() as unit:
            await on_products(received(portfolio.product), unit)
            if portfolio.sboms:
                await on_sboms(received(*portfolio.sboms), unit)
            if portfolio.advisories:
                await on_advisories(received(*portfolio.advisories), unit)
            waiting = await pending.following(unit.db, 10_000, bulk=False)
            await rematch.rematch(unit, waiting)
            await _agree(unit, portfolio)
            raise _UndoneError  # noqa: TRY301 - it only rolls the unit back
    except _UndoneError:
        pass


async def _agree(unit: Unit, portfolio: Given) -> None:
    stated = portfolio.stated()
    wanted = _plain(matching.match(portfolio.stock(), stated, unit.now))
    vulnerabilities = sorted({each.vulnerability for each in stated})
    one_way = await matches.of_vulnerabilities(unit.db, vulnerabilities, unit.now)
    versions = [("pump", "1"), ("pump", "2")]
    other_way = await matches.of_versions(unit.db, versions, unit.now)
    assert _plain(one_way) == wanted
    assert _plain(other_way) == wanted
    decided = verdict.decide(matching.match(portfolio.stock(), stated, unit.now))
    held = await findings.of_versions(unit.db, versions)
    live = {
        place: each.standing.verdict
        for place, each in held.items()
        if each.standing.live and kinds.kind_of(place.vulnerability) is FindingKind.VULNERABILITY
    }
    assert live == {p: each.verdict for p, each in decided.items() if each.noteworthy}

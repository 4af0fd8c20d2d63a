"""Combines every assertion that met one component into the verdict that holds.

The winning rule, in order:

1. A statement of our own analysts that has not expired wins; of several, the latest held. One that
   names no component version clears only the components that were in an SBOM when it was stated.
2. Inside one advisory, one asserter's readable word outranks what of its ranges could not be read
   (a record may give the same range as commits and as releases): affected, then fixed, then not
   affected, then unknown.
3. Between asserters: affected outranks unknown outranks fixed outranks not affected. Contradictions
   are flagged and every assertion stays in the evidence; nothing is averaged.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.findings import Support, Verdict
from services.sbom_matcher.domain.matching import Met, Place

_INSIDE = (Verdict.AFFECTED, Verdict.FIXED, Verdict.NOT_AFFECTED, Verdict.UNKNOWN)
_BETWEEN = (Verdict.AFFECTED, Verdict.UNKNOWN, Verdict.FIXED, Verdict.NOT_AFFECTED)
_OPEN = frozenset({Verdict.AFFECTED, Verdict.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict that holds of one finding, why, and by which assertions.

    `support` is the component's, where that is over or the finding is about it.
    """

    verdict: Verdict
    reason: str | None
    fixed_in: tuple[str, ...] = ()
    conflict: bool = False
    mets: tuple[Met, ...] = ()
    stated: bool = False
    support: Support | None = None

    @property
    def noteworthy(self) -> bool:
        """Whether it opens a finding; `not affected` only does if a person states it."""
        return self.verdict in _OPEN or self.stated


def decide(found: dict[Place, tuple[Met, ...]]) -> dict[Place, Decision]:
    """Decide every finding; a statement on a whole product version reaches its components' too."""
    wide: dict[tuple[str, str, str], list[Met]] = {}
    for place, mets in found.items():
        broad = [each for each in mets if each.wide]
        wide.setdefault((place.vulnerability, place.product, place.version), []).extend(broad)
    decided = {}
    for place, mets in found.items():
        own = [each for each in mets if not each.wide]
        broad = wide[place.vulnerability, place.product, place.version]
        if place.component:
            since = max((each.since for each in own), default=None)
            broad = [each for each in broad if since is None or each.reaches(since)]
        if own or place.component == "":
            decided[place] = combine((*own, *broad))
    return _without_echo(decided)


def combine(mets: Iterable[Met]) -> Decision:
    """Combine the assertions that met one component; there is at least one."""
    by_identifier = sorted(mets, key=lambda each: (_order(each), each.ident))
    ordered = tuple(dict.fromkeys(by_identifier))
    others = [each for each in ordered if not each.statement]
    heads = [_head(group) for group in _by_asserter(others)]
    statement = _latest([each for each in ordered if each.statement])
    deciding = statement or min(heads, key=lambda each: _BETWEEN.index(each.verdict))
    said = {each.verdict for each in heads} | ({statement.verdict} if statement else set())
    return Decision(
        verdict=deciding.verdict,
        reason=deciding.reason,
        fixed_in=_fixed_in(heads, ordered),
        conflict=Verdict.AFFECTED in said and bool(said & {Verdict.NOT_AFFECTED, Verdict.FIXED}),
        mets=ordered,
        stated=statement is not None,
    )


def _without_echo(decided: dict[Place, Decision]) -> dict[Place, Decision]:
    """Leave out a product-wide statement's own row where it already shows on components."""
    shown = {
        (place.vulnerability, place.product, place.version) for place in decided if place.component
    }
    return {
        place: decision
        for place, decision in decided.items()
        if place.component
        or any(not each.wide for each in decision.mets)
        or (place.vulnerability, place.product, place.version) not in shown
    }


def _by_asserter(mets: list[Met]) -> list[list[Met]]:
    groups: dict[tuple[str, str], list[Met]] = {}
    for each in mets:
        groups.setdefault((each.advisory, each.asserter), []).append(each)
    return list(groups.values())


def _head(group: list[Met]) -> Met:
    return min(group, key=lambda each: _INSIDE.index(each.verdict))


def _latest(statements: list[Met]) -> Met | None:
    if not statements:
        return None
    latest = max(each.held_at for each in statements)
    return _head([each for each in statements if each.held_at == latest])


def _fixed_in(heads: list[Met], mets: tuple[Met, ...]) -> tuple[str, ...]:
    """Name the versions that end the ranges in which the component lies."""
    affected = {
        (each.advisory, each.asserter) for each in heads if each.verdict is Verdict.AFFECTED
    }
    return tuple(
        sorted(
            {
                each.fixed
                for each in mets
                if each.fixed
                and each.verdict is Verdict.AFFECTED
                and (each.advisory, each.asserter) in affected
            }
        )
    )


def _order(met: Met) -> tuple[str, ...]:
    return (
        met.advisory, met.asserter, met.matcher, met.verdict, met.reason or "",
        f"{-1 if met.place is None else met.place:06}", f"{met.assertion:020}",
    )  # fmt: skip

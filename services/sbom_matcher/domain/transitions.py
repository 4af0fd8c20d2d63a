"""Compares the findings that should hold with those that are held: only what changed is told."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schemas.findings import Support, SupportStage, Verdict
from services.sbom_matcher.domain.matching import Place
from services.sbom_matcher.domain.verdict import Decision


@dataclass(frozen=True, slots=True)
class Standing:
    """A finding as held: live or ended, and a digest of what it said.

    `told_as` is the vulnerability under which it was told last; a merge moves it to another.
    `stated`: a statement of our own was among what it said.
    """

    finding: str
    live: bool
    verdict: Verdict
    reason: str | None
    fixed_in: tuple[str, ...]
    digest: bytes
    told_as: str
    stated: bool = False
    support: Support | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A finding holds that did not; one that held before opens again under its id."""

    place: Place
    decision: Decision


@dataclass(frozen=True, slots=True)
class Changed:
    """A finding holds and says something else than before."""

    place: Place
    decision: Decision
    before: Standing
    why: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """A finding holds no more."""

    place: Place
    before: Standing


Transition = Opened | Changed | Cleared


def compare(
    wanted: Mapping[Place, Decision], held: Mapping[Place, Standing]
) -> Iterator[Transition]:
    """Give the transitions from what is held to what should hold, in the order of places.

    Something not affected or fixed opens nothing unless a person states it, yet it keeps and
    changes a finding that was open: the way from affected to fixed is worth telling.
    """
    for place in sorted(wanted.keys() | held.keys()):
        decision, before = wanted.get(place), held.get(place)
        live = before if before and before.live else None
        if decision is None:
            if live:
                yield Cleared(place, live)
        elif live is None:
            if decision.noteworthy:
                yield Opened(place, decision)
        elif live.digest != digest(place, decision):
            yield Changed(place, decision, live, _why(place, live, decision))


def digest(place: Place, decision: Decision) -> bytes:
    """Condense what a finding says, evidence included, so that a change shows."""
    said: list[object] = [
        place.vulnerability, decision.verdict, decision.reason, decision.conflict
    ]  # fmt: skip
    if decision.support is not None:
        said.append(decision.support.model_dump_json())
    proofs = [
        (met.advisory, met.asserter, met.matcher, met.verdict, met.reason, met.place, met.digest)
        for met in decision.mets
    ]
    return hashlib.sha256(repr((said, decision.fixed_in, proofs)).encode()).digest()[:16]


def _why(place: Place, before: Standing, now: Decision) -> str:
    """Say what changed, in words."""
    if before.told_as != place.vulnerability:
        return f"was told under {before.told_as}; identifiers were merged or split"
    if before.stated and not now.stated:
        return (
            "our own statement lapsed, was taken back or speaks of it no more; "
            f"verdict was {before.verdict}, is {now.verdict} by the assertions held now"
        )
    if before.verdict is not now.verdict:
        by = "a statement of our own" if now.stated else "the assertions held now"
        return f"verdict was {before.verdict}, is {now.verdict} by {by}"
    return _beside_the_verdict(before, now)


def _beside_the_verdict(before: Standing, now: Decision) -> str:
    if before.support != now.support:
        return _of_support(now.support)
    if before.fixed_in != now.fixed_in:
        return "fixed in " + (", ".join(now.fixed_in) or "no known version any more")
    if before.reason != now.reason:
        return f"reason was {before.reason or 'none'}, is {now.reason or 'none'}"
    return "evidence changed"


def _of_support(now: Support | None) -> str:
    if now is None:
        return "support of the component is not over any more, as its SBOM states now"
    if now.stage is SupportStage.OVER:
        return "support of the component is over" + (f" since {now.ends_on}" if now.ends_on else "")
    return f"support of the component ends on {now.ends_on}, at most {now.notice_days} days ahead"

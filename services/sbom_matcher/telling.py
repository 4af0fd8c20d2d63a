"""Saves and publishes what changed: described vulnerabilities first, then findings' transitions.

A vulnerability is described only once it has, or had, a finding: what bears on none of our products
would be noise downstream. Its description carries every identifier of the group, so that triage can
join signals by any alias.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from schemas.advisories import Assertion
from schemas.findings import (
    Evidence,
    Finding,
    FindingChanged,
    FindingCleared,
    FindingKind,
    FindingOpened,
    Matcher,
    VulnerabilityDescribed,
)
from services.kit.unit import Unit
from services.sbom_matcher.domain import claims, confidence, description, kinds, transitions
from services.sbom_matcher.domain.matching import Place
from services.sbom_matcher.domain.transitions import Changed, Cleared, Opened, Transition
from services.sbom_matcher.domain.verdict import Decision
from services.sbom_matcher.store import findings, groups
from services.sbom_matcher.store.findings import Held, Kept, Named
from services.sbom_matcher.store.pending import Pending

CauseOf = Callable[[Place], Pending]
WhyCleared = Callable[[Place], str]


class OvertakenError(Exception):
    """What was matched has been replaced by a commit since: match again, there is a newer wish."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One match's results on their way out: by what they were caused, and on which lane they go."""

    unit: Unit
    cause_of: CauseOf
    why_cleared: WhyCleared
    bulk: bool


async def tell(
    telling: Telling, wanted: Mapping[Place, Decision], held: Mapping[Place, Held]
) -> None:
    """Save and publish how findings that should hold differ from those held."""
    standings = {place: each.standing for place, each in held.items()}
    changes = list(transitions.compare(wanted, standings))
    words = await _words(telling.unit, changes, held)
    kept = [_kept(telling.unit, change, held, words) for change in changes]
    known = {place.vulnerability: place for place in held} | {
        change.place.vulnerability: change.place for change in changes
    }
    await _describe(telling, known)
    for change, each in zip(changes, kept, strict=True):
        event = _event(telling, change, each)
        telling.unit.emit(
            event,
            cause=telling.cause_of(change.place),
            bulk=telling.bulk,
            name=f"{each.finding.finding} {each.digest.hex()}",
        )
    await findings.save(telling.unit.db, kept)


@dataclass(frozen=True, slots=True)
class _Words:
    """What findings are written with: assertions in full, components' names, and new ids."""

    assertions: Mapping[int, Assertion]
    names: Mapping[str, Named]
    ids: Mapping[Place, UUID]


async def _words(unit: Unit, changes: Sequence[Transition], held: Mapping[Place, Held]) -> _Words:
    said = [change for change in changes if not isinstance(change, Cleared)]
    if not said:
        return _Words({}, {}, {})
    numbers = {met.assertion for change in said for met in change.decision.mets}
    assertions = await findings.assertions(unit.db, numbers)
    if len(assertions) < len(numbers):
        raise OvertakenError("an advisory was published anew between two reads of this match")
    return _Words(
        assertions,
        await findings.names(unit.db, (change.place.component for change in said)),
        await findings.new_ids(unit.db, {change.place for change in said} - held.keys()),
    )


def _kept(unit: Unit, change: Transition, held: Mapping[Place, Held], words: _Words) -> Kept:
    before = held.get(change.place)
    if isinstance(change, Cleared):
        last = held[change.place].finding
        finding = last.model_copy(update={"vulnerability": change.place.vulnerability})
        return Kept(change.place, finding, change.before.digest, unit.now)
    number = before.standing.finding if before else str(words.ids[change.place])
    held_at = before.held_at if before and before.standing.live else unit.now
    name = words.names[change.place.component]
    finding = Finding(
        finding=number,
        vulnerability=change.place.vulnerability,
        product=change.place.product,
        version=change.place.version,
        hardware=change.place.hardware,
        component=name.name,
        component_version=name.version,
        component_purl=name.purl,
        verdict=change.decision.verdict,
        reason=change.decision.reason,
        fixed_in=change.decision.fixed_in,
        conflict=change.decision.conflict,
        evidence=tuple(_evidence(change.decision, words)),
        kind=kinds.kind_of(change.place.vulnerability),
        support=change.decision.support,
        held_at=held_at,
    )
    return Kept(change.place, finding, transitions.digest(change.place, change.decision))


def _evidence(decision: Decision, words: _Words) -> Iterable[Evidence]:
    for met in decision.mets:
        yield Evidence(
            advisory=met.advisory,
            assertion=claims.narrowed(words.assertions[met.assertion], met.place),
            matcher=met.matcher,
            verdict=met.verdict,
            reason=met.reason,
            identifier=met.ident or None,
            version_key=met.key.hex() if met.key is not None else None,
            confidence=confidence.of(met.matcher, met.ident),
        )


def _event(
    telling: Telling, change: Transition, kept: Kept
) -> FindingOpened | FindingChanged | FindingCleared:
    if isinstance(change, Opened):
        return FindingOpened(finding=kept.finding)
    if isinstance(change, Changed):
        return FindingChanged(finding=kept.finding, previous=change.before.verdict, why=change.why)
    return FindingCleared(
        finding=kept.finding,
        why=_why_cleared(telling, change.place, kept.finding),
        cleared_at=telling.unit.now,
    )


def _why_cleared(telling: Telling, place: Place, last: Finding) -> str:
    why = telling.why_cleared(place)
    if any(each.matcher is Matcher.STATEMENT for each in last.evidence):
        return f"{why}; our own statement on it ends with it"
    return why


async def _describe(telling: Telling, known: Mapping[str, Place]) -> None:
    """Publish the description of each vulnerability where it differs from what was told last."""
    unit = telling.unit
    texts = [text for each in sorted(known) if (text := kinds.described(each)) is not None]
    real = [each for each in known if kinds.kind_of(each) is FindingKind.VULNERABILITY]
    for group, records in await groups.described(unit.db, real):
        texts.append(description.describe(group.id, group.identifiers, group.absorbed, records))
    before = await groups.told(unit.db, sorted(known))
    fresh: dict[str, bytes] = {}
    for text in texts:
        digest = _digest(text)
        if before.get(text.vulnerability) != digest:
            fresh[text.vulnerability] = digest
            cause = telling.cause_of(known[text.vulnerability])
            unit.emit(text, cause=cause, bulk=telling.bulk, name=digest.hex())
    await groups.remember(unit.db, fresh)


def _digest(text: VulnerabilityDescribed) -> bytes:
    return hashlib.sha256(text.model_dump_json().encode()).digest()[:16]

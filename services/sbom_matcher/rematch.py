"""Matches what changed: inside the matching lock, in one short transaction.

Handlers store in a transaction of their own and leave a `pending_match` row. Whichever of two
changes commits last, its match sees both; the lock makes matches take turns, so that no two of them
decide the same finding at once. Therefore an advisory and an SBOM can never miss each other.
"""

from collections import defaultdict
from collections.abc import Sequence

from schemas.findings import FindingCleared, FindingKind, VulnerabilityMerged, VulnerabilitySplit
from services.kit.unit import Unit
from services.sbom_matcher.domain import aliases, inventory, kinds, support, verdict
from services.sbom_matcher.domain.aliases import Merge, Regrouping
from services.sbom_matcher.domain.matching import Place
from services.sbom_matcher.rulebook import support_notice
from services.sbom_matcher.store import findings, groups, matches, pending, stock
from services.sbom_matcher.store import support as stated_support
from services.sbom_matcher.store.pending import Pending
from services.sbom_matcher.telling import Telling, tell

_NO_ASSERTION = "no assertion that holds meets the component any more"
_LEFT = "the component is no longer in a product version that is watched"
_INVENTORY = "the product version has a usable SBOM now, or is no longer watched"
_SUPPORTED = "the SBOM states a later end of the component's support, or none"

SUPPORT_CHANGES = "support of a component changes"
"""The alarm of a product version at which a notice begins to run, or support is over."""


async def lock(unit: Unit) -> None:
    """Take the turn of this match, and let it run over the indexes."""
    await unit.lock("matching", ["all"])
    await matches.by_index(unit.db)


async def rematch(unit: Unit, waiting: Sequence[Pending]) -> None:
    """Match again what waits on one lane, and publish what changed."""
    identifiers = [each for each in waiting if each.scope == "identifier"]
    versions = [each for each in waiting if each.scope == "version"]
    if identifiers:
        await _identifiers(unit, identifiers)
    if versions:
        await _versions(unit, versions)
    await pending.done(unit.db, waiting)


async def _identifiers(unit: Unit, waiting: Sequence[Pending]) -> None:
    """Match vulnerabilities against the portfolio."""
    held, edges = await groups.load(unit.db, [each.subject for each in waiting])
    regrouping = aliases.regroup(held, edges)
    await groups.save(unit.db, held, regrouping)
    causes = {regrouping.groups[each.subject]: each for each in reversed(waiting)}
    for name in {each.group for each in held.values()} | set(regrouping.groups.values()):
        causes.setdefault(name, waiting[0])
    await _rearrange(unit, regrouping, causes)
    vulnerabilities = sorted(set(regrouping.groups.values()))
    found = await matches.of_vulnerabilities(unit.db, vulnerabilities, unit.now)
    telling = Telling(
        unit, lambda place: causes[place.vulnerability], lambda _: _NO_ASSERTION, waiting[0].bulk
    )
    wanted = verdict.decide(found)
    stated = await stated_support.of_places(unit.db, wanted)
    wanted = support.marked(wanted, stated, unit.now, support_notice())
    await tell(telling, wanted, await findings.of_vulnerabilities(unit.db, vulnerabilities))


async def _versions(unit: Unit, waiting: Sequence[Pending]) -> None:
    """Match product versions against every advisory, and look at what their inventory lacks."""
    causes = {each.version: each for each in waiting}
    versions = list(causes)
    found = await matches.of_versions(unit.db, versions, unit.now)
    lacking = inventory.gaps(*await stock.gaps_of(unit.db, versions))
    watched = await stock.places(unit.db, versions)
    stated = await stated_support.of_versions(unit.db, versions)
    _arm(unit, waiting, stated)

    def why_cleared(place: Place) -> str:
        kind = kinds.kind_of(place.vulnerability)
        if kind is FindingKind.INVENTORY:
            return _INVENTORY
        if kind is FindingKind.SUPPORT and _where(place) in watched:
            return _SUPPORTED
        return _NO_ASSERTION if _where(place) in watched else _LEFT

    telling = Telling(
        unit, lambda place: causes[place.product, place.version], why_cleared, waiting[0].bulk
    )
    wanted = support.marked(verdict.decide(found), stated, unit.now, support_notice())
    wanted |= lacking | support.endings(stated, unit.now, support_notice())
    await tell(telling, wanted, await findings.of_versions(unit.db, versions))


def _where(place: Place) -> tuple[str, str, str, str]:
    return place.product, place.version, place.hardware, place.component


def _arm(unit: Unit, waiting: Sequence[Pending], stated: Sequence[support.Stated]) -> None:
    """Wake for each product version at the next instant that changes what its SBOM states."""
    of_version = defaultdict(list)
    for one in stated:
        of_version[one.product, one.version].append(one)
    for each in waiting:
        unit.disarm(each.subject, SUPPORT_CHANGES)
        due = support.next_change(of_version[each.version], unit.now, support_notice())
        if due is not None:
            unit.arm(each.subject, SUPPORT_CHANGES, due, cause=each)


async def _rearrange(unit: Unit, regrouping: Regrouping, causes: dict[str, Pending]) -> None:
    """Move findings with their groups, and tell those who were told of the groups."""
    if not regrouping.merges and not regrouping.splits:
        return
    concerned = {each.absorbed for each in regrouping.merges}
    concerned |= {each.survivor for each in regrouping.merges}
    told = await groups.told(
        unit.db, sorted(concerned | {each.origin for each in regrouping.splits})
    )
    for merge in regrouping.merges:
        if {merge.survivor, merge.absorbed} & told.keys():
            _tell_merge(unit, merge, causes[merge.survivor])
    for each in regrouping.splits:
        if each.origin in told:
            event = VulnerabilitySplit(
                vulnerability=each.origin, separated=each.separated,
                identifiers=each.identifiers, because=each.because[:512],
            )  # fmt: skip
            cause = causes[each.separated]
            unit.emit(event, cause=cause, bulk=cause.bulk, name=each.separated)
    await findings.split(unit.db, regrouping.splits)
    for ended, survivor in await findings.merge(unit.db, regrouping.merges, unit.now):
        cleared = FindingCleared(
            finding=ended, why=f"is the same as finding {survivor}", cleared_at=unit.now
        )
        cause = causes[ended.vulnerability]
        unit.emit(cleared, cause=cause, bulk=cause.bulk, name=ended.finding)


def _tell_merge(unit: Unit, merge: Merge, cause: Pending) -> None:
    for under in (merge.survivor, merge.absorbed):
        event = VulnerabilityMerged(
            under=under, survivor=merge.survivor, absorbed=merge.absorbed,
            because=merge.because[:512],
        )  # fmt: skip
        unit.emit(event, cause=cause, bulk=cause.bulk, name=merge.absorbed)

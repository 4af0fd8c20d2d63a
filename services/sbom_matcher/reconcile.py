"""Recomputes every finding from what is stored and compares: the difference must be none.

It reads one snapshot, so that what changes meanwhile does not look like a difference. What still
waits to be matched is left out and counted: it is late, not wrong.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.findings import FindingKind
from services.kit.database import Connection, Pool
from services.sbom_matcher.domain import inventory, kinds, support, transitions, verdict
from services.sbom_matcher.domain.matching import Place
from services.sbom_matcher.domain.transitions import Changed, Opened
from services.sbom_matcher.domain.verdict import Decision
from services.sbom_matcher.rulebook import support_notice
from services.sbom_matcher.store import findings, matches, pending, stock
from services.sbom_matcher.store import support as stated_support

_PAGE = 500
_SHOWN = 100

VULNERABILITIES = """
SELECT DISTINCT vulnerability FROM (
    SELECT vulnerability FROM identifier UNION ALL SELECT vulnerability FROM finding WHERE live) v
WHERE vulnerability > $1 AND NOT starts_with(vulnerability, 'inventory/')
    AND NOT starts_with(vulnerability, 'support/')
ORDER BY vulnerability LIMIT $2
"""
VERSIONS = """
SELECT DISTINCT product, version FROM (
    SELECT product, version FROM product_version UNION ALL SELECT product, version FROM finding
    WHERE live) v
WHERE (product, version) > ($1, $2) ORDER BY product, version LIMIT $3
"""
SEPARATE = """
SELECT a.identifier, a.alias FROM alias a
LEFT JOIN identifier k ON k.identifier = a.identifier
LEFT JOIN identifier m ON m.identifier = a.alias
WHERE k.vulnerability IS DISTINCT FROM m.vulnerability ORDER BY a.identifier, a.alias LIMIT 1000
"""
GROUPS_WAITING = "SELECT vulnerability FROM identifier WHERE identifier = ANY($1)"


@dataclass(frozen=True, slots=True)
class Difference:
    """A finding that is not as it should be."""

    what: str
    vulnerability: str
    product: str = ""
    version: str = ""
    hardware: str = ""
    component: str = ""


@dataclass(slots=True)
class Reconciliation:
    """What a recomputation found; at most 100 differences are listed, all are counted."""

    vulnerabilities: int = 0
    versions: int = 0
    findings: int = 0
    waiting: int = 0
    differences: int = 0
    listed: list[Difference] = field(default_factory=list)

    def add(self, found: Iterator[Difference]) -> None:
        """Count differences and list the first ones."""
        for each in found:
            self.differences += 1
            if len(self.listed) < _SHOWN:
                self.listed.append(each)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What is left out because its match has not run yet."""

    vulnerabilities: frozenset[str]
    identifiers: frozenset[str]
    versions: frozenset[tuple[str, str]]

    def __contains__(self, place: Place) -> bool:
        return (
            place.vulnerability in self.vulnerabilities
            or (place.product, place.version) in self.versions
        )


async def reconcile(pool: Pool, now: datetime) -> Reconciliation:
    """Match everything anew, in pages, and compare with the findings held."""
    report = Reconciliation()
    async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        await matches.by_index(db)
        waiting = await _waiting(db)
        report.waiting = len(waiting.identifiers) + len(waiting.versions)
        await _compare_groups(db, waiting, report)
        last = ""
        while page := [row[0] for row in await db.fetch(VULNERABILITIES, last, _PAGE)]:
            last = page[-1]
            await _compare_vulnerabilities(db, page, now, waiting, report)
        start = ("", "")
        while versions := [(row[0], row[1]) for row in await db.fetch(VERSIONS, *start, _PAGE)]:
            start = versions[-1]
            await _compare_inventory(db, versions, now, waiting, report)
    return report


async def _waiting(db: Connection) -> _Waiting:
    rows = await db.fetch(pending.WAITING)
    identifiers = [row["subject"] for row in rows if row["scope"] == "identifier"]
    groups = [row["vulnerability"] for row in await db.fetch(GROUPS_WAITING, identifiers)]
    versions = (pending.version_of(row["subject"]) for row in rows if row["scope"] == "version")
    return _Waiting(frozenset(groups), frozenset(identifiers), frozenset(versions))


async def _compare_groups(db: Connection, waiting: _Waiting, report: Reconciliation) -> None:
    report.add(
        Difference(f"not one vulnerability with its alias {row['alias']}", row["identifier"])
        for row in await db.fetch(SEPARATE)
        if not {row["identifier"], row["alias"]} & waiting.identifiers
    )


async def _compare_vulnerabilities(
    db: Connection, page: Sequence[str], now: datetime, waiting: _Waiting, report: Reconciliation
) -> None:
    wanted = verdict.decide(await matches.of_vulnerabilities(db, page, now))
    stated = await stated_support.of_places(db, wanted)
    wanted = support.marked(wanted, stated, now, support_notice())
    held = await findings.of_vulnerabilities(db, page, only_live=True)
    report.vulnerabilities += len(page)
    report.findings += len(held)
    standings = {place: each.standing for place, each in held.items()}
    report.add(_differences(wanted, standings, waiting))


async def _compare_inventory(
    db: Connection,
    versions: Sequence[tuple[str, str]],
    now: datetime,
    waiting: _Waiting,
    report: Reconciliation,
) -> None:
    stated = await stated_support.of_versions(db, versions)
    wanted = inventory.gaps(*await stock.gaps_of(db, versions))
    wanted |= support.endings(stated, now, support_notice())
    held = {
        place: each.standing
        for place, each in (await findings.of_versions(db, versions)).items()
        if kinds.kind_of(place.vulnerability) is not FindingKind.VULNERABILITY
        and each.standing.live
    }
    report.versions += len(versions)
    report.findings += len(held)
    report.add(_differences(wanted, held, waiting))


def _differences(
    wanted: dict[Place, Decision], held: dict[Place, transitions.Standing], waiting: _Waiting
) -> Iterator[Difference]:
    for change in transitions.compare(wanted, held):
        if change.place in waiting:
            continue
        what = "missing" if isinstance(change, Opened) else "superfluous"
        place = change.place
        yield Difference(
            f"differs: {change.why}" if isinstance(change, Changed) else what,
            place.vulnerability, place.product, place.version, place.hardware, place.component,
        )  # fmt: skip

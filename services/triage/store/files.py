"""Loads everything held of some vulnerabilities or reports, as the files that decisions read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import asyncpg
from pydantic import TypeAdapter

from schemas.advisories import Score
from schemas.catalogue import ClinicalUse
from services.kit.database import Connection
from services.triage.domain.casefile import Case, CaseFile, survivor
from services.triage.domain.risk import Proposal
from services.triage.domain.scope import HeldFinding, HeldReport
from services.triage.domain.signals import Signal
from services.triage.store.groups import Group
from services.triage.store.rows import case_of, finding_of, report_of, signal_of

T = TypeVar("T")

_SCORES = TypeAdapter(tuple[Score, ...])

DESCRIBED = """
SELECT vulnerability, title, description, scores, published_at FROM vulnerability
WHERE vulnerability = ANY($1::text[])
"""
FINDINGS = """
SELECT finding, vulnerability, product, version, component, component_version, verdict, cleared,
    held_at, bearing_at, kind, support_stage, support_ends_on
FROM finding WHERE vulnerability = ANY($1::text[]) ORDER BY finding
"""
REPORTS = """
SELECT report, incident, title, summary, identifiers || linked AS identifiers, product, version,
    harm, received_at, country
FROM report WHERE (identifiers || linked) && $1::text[] OR report = ANY($2::text[])
ORDER BY received_at, report
"""
SIGNALS = """
SELECT signal, identifier, source, reporter, reported_at, received_at, backfill, product, site,
    evidence, withdrawn_at
FROM signal WHERE identifier = ANY($1::text[]) ORDER BY received_at, signal
"""
CASES = """
SELECT case_id, kind, status, title, vulnerability, report, identifiers, summary, scope,
    told_reports
FROM casefile WHERE status <> 'merged' AND (
    vulnerability = ANY($1::text[]) OR (vulnerability IS NULL AND report = ANY($2::text[])))
ORDER BY case_id
"""
CASES_FOR_UPDATE = f"{CASES} FOR UPDATE"
"""In the order of ids, so that nobody deadlocks."""
MET = """
SELECT coalesce(c.merged_into, c.case_id) AS case_id, m.signal, m.product
FROM meeting m JOIN casefile c USING (case_id)
WHERE c.case_id = ANY($1::text[]) OR c.merged_into = ANY($1::text[])
"""
RISKS = """
SELECT coalesce(c.merged_into, c.case_id) AS case_id, c.case_id AS of, r.product, r.proposed,
    r.band, r.score, r.vector, r.ground, r.pack
FROM risk r JOIN casefile c USING (case_id)
WHERE c.case_id = ANY($1::text[]) OR c.merged_into = ANY($1::text[])
"""
USES = "SELECT product, state -> 'clinical_use' AS use FROM product WHERE product = ANY($1::text[])"
SEPARATED = """
SELECT vulnerability, case_id FROM casefile
WHERE vulnerability = ANY($1::text[]) AND status <> 'merged'
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Facts of several vulnerabilities and reports, before they are sorted into files."""

    groups: Sequence[Group]
    alone: tuple[str, ...]
    described: Mapping[str, asyncpg.Record]
    findings: Mapping[str, list[HeldFinding]]
    reports: Sequence[HeldReport]
    signals: Mapping[str, list[Signal]]

    @property
    def products(self) -> set[str]:
        """Every product that these facts speak of."""
        found = {each.product for held in self.findings.values() for each in held}
        return found | {each.product for each in self.reports if each.product is not None}


async def held(db: Connection, groups: Sequence[Group], alone: Iterable[str]) -> Held:
    """Load the facts of groups, and of reports that stand alone (`alone`: their ids)."""
    reports_alone = tuple(sorted(set(alone)))
    members = [member for group in groups for member in group.members]
    identifiers = [each for group in groups for each in group.identifiers]
    described = await db.fetch(DESCRIBED, members)
    findings = [finding_of(row) for row in await db.fetch(FINDINGS, members)]
    reports = [report_of(row) for row in await db.fetch(REPORTS, identifiers, list(reports_alone))]
    spoken_of = sorted({*identifiers, *(each.report for each in reports)})
    spoken_of += [name for each in reports for name in each.identifiers]
    signals = [signal_of(row) for row in await db.fetch(SIGNALS, spoken_of)]
    return Held(
        groups=groups,
        alone=reports_alone,
        described={row["vulnerability"]: row for row in described},
        findings=_by(findings, [each.vulnerability for each in findings]),
        reports=reports,
        signals=_by(signals, [each.held.identifier for each in signals]),
    )


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of the cases that the facts belong to, as of their locking; by case."""

    by_vulnerability: Mapping[str, list[Case]]
    by_report: Mapping[str, list[Case]]
    met: Mapping[str, list[asyncpg.Record]]
    risks: Mapping[str, list[asyncpg.Record]]
    uses: Mapping[str, ClinicalUse | None]
    separated: Mapping[str, str]
    by_hand: Mapping[str, str]

    def met_by(self, cases: Iterable[Case]) -> frozenset[tuple[str, str]]:
        """The (signal, product) pairs that met any of the cases, or one merged into them."""
        rows = (row for case in cases for row in self.met.get(case.case, ()))
        return frozenset((row["signal"], row["product"]) for row in rows)

    def proposals_of(self, case: Case | None) -> dict[str, Proposal]:
        """The bands last proposed for a case, by product."""
        rows = self.risks.get(case.case, ()) if case is not None else ()
        return {
            row["product"]: Proposal(
                row["band"], row["score"], row["vector"], row["ground"], row["pack"]
            )
            for row in rows
            if row["of"] == row["case_id"] and row["proposed"]
        }

    def decided_by(self, cases: Iterable[Case]) -> frozenset[str]:
        """The products for which a person has set a band."""
        rows = (row for case in cases for row in self.risks.get(case.case, ()))
        return frozenset(row["product"] for row in rows if not row["proposed"])


async def stored(
    db: Connection, held: Held, *, by_hand: Mapping[str, str], lock: bool = True
) -> Stored:
    """Load the cases of these facts, locking their rows unless told not to.

    `by_hand` is a person's reason for opening a case, by vulnerability.
    """
    members = [member for group in held.groups for member in group.members]
    query = CASES_FOR_UPDATE if lock else CASES
    rows = await db.fetch(query, members, [each.report for each in held.reports])
    cases = [case_of(row) for row in rows]
    ids = [each.case for each in cases]
    named = [each for each in cases if each.header.vulnerability is not None]
    lone = [each for each in cases if each.header.vulnerability is None]
    met = await db.fetch(MET, ids) if ids else []
    risks = await db.fetch(RISKS, ids) if ids else []
    return Stored(
        by_vulnerability=_by(named, [each.header.vulnerability or "" for each in named]),
        by_report=_by(lone, [each.report or "" for each in lone]),
        met=_by(met, [row["case_id"] for row in met]),
        risks=_by(risks, [row["case_id"] for row in risks]),
        uses=await clinical_uses(db, held.products),
        separated=await _separated(db, held.groups),
        by_hand=by_hand,
    )


def files(held: Held, stored: Stored) -> list[CaseFile]:
    """Sort facts and cases into files: one a vulnerability, one a report that stands alone."""
    naming: dict[str, list[HeldReport]] = defaultdict(list)
    for report in held.reports:
        for name in set(report.identifiers):
            naming[name].append(report)
    found: list[CaseFile] = []
    claimed: set[str] = set()  # a report may name two vulnerabilities; its case joins the first
    for group in held.groups:
        reports = {each.report: each for n in group.identifiers for each in naming.get(n, ())}
        found.append(_of_group(group, held, stored, tuple(reports.values()), claimed))
        claimed |= {each.case for each in found[-1].cases}
    alone = [each for each in held.reports if each.report in held.alone]
    return [*found, *(_of_report(report, held, stored) for report in alone)]


async def clinical_uses(db: Connection, products: Iterable[str]) -> dict[str, ClinicalUse | None]:
    """How products touch patients; None where that is not known."""
    rows = await db.fetch(USES, sorted(products))
    return {
        row["product"]: ClinicalUse.model_validate(row["use"]) if row["use"] else None
        for row in rows
    }


async def _separated(db: Connection, groups: Sequence[Group]) -> dict[str, str]:
    """The cases of vulnerabilities that some of these were once taken for."""
    asked = {group.separated_from for group in groups if group.separated_from}
    rows = await db.fetch(SEPARATED, sorted(asked)) if asked else []
    return {row["vulnerability"]: row["case_id"] for row in rows}


def _of_group(
    group: Group,
    held: Held,
    stored: Stored,
    reports: tuple[HeldReport, ...],
    claimed: set[str],
) -> CaseFile:
    told = [held.described[member] for member in group.members if member in held.described]
    own = held.described.get(group.root)
    leading = own or next(iter(told), None)
    names = set(group.identifiers)
    mine = [each for member in group.members for each in stored.by_vulnerability.get(member, ())]
    mine += [each for report in reports for each in stored.by_report.get(report.report, ())]
    cases = tuple(each for each in mine if each.case not in claimed)
    return CaseFile(
        vulnerability=group.root,
        identifiers=group.identifiers,
        title=leading["title"] if leading else None,
        description=(leading["description"] or "") if leading else "",
        scores=_scores([own] if own else told),
        findings=tuple(each for member in group.members for each in held.findings.get(member, ())),
        reports=tuple(sorted(reports, key=lambda each: (each.received_at, each.report))),
        signals=_signals(held, {*names, *(each.report for each in reports)}),
        cases=cases,
        met=stored.met_by(cases),
        proposals=stored.proposals_of(survivor(cases)),
        decided=stored.decided_by(cases),
        uses=stored.uses,
        by_hand=stored.by_hand.get(group.root),
        separated_from=stored.separated.get(group.separated_from or ""),
        published_at=leading["published_at"] if leading else None,
    )


def _of_report(report: HeldReport, held: Held, stored: Stored) -> CaseFile:
    cases = tuple(stored.by_report.get(report.report, ()))
    return CaseFile(
        vulnerability=None,
        identifiers=report.identifiers,
        reports=(report,),
        signals=_signals(held, {report.report, *report.identifiers}),
        cases=cases,
        met=stored.met_by(cases),
        proposals=stored.proposals_of(survivor(cases)),
        decided=stored.decided_by(cases),
        uses=stored.uses,
    )


def _scores(rows: Iterable[asyncpg.Record]) -> tuple[Score, ...]:
    return tuple(score for row in rows for score in _SCORES.validate_python(row["scores"]))


def _signals(held: Held, identifiers: Iterable[str]) -> tuple[Signal, ...]:
    return tuple(each for name in sorted(set(identifiers)) for each in held.signals.get(name, ()))


def _by(values: Iterable[T], keys: Iterable[str]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = defaultdict(list)
    for key, value in zip(keys, values, strict=True):
        found[key].append(value)
    return found

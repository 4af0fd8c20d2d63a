"""What others say, kept as full state by revision: vulnerabilities, findings, reports, signals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from pydantic import TypeAdapter

from schemas.advisories import Score
from schemas.findings import Finding, VulnerabilityDescribed
from schemas.signals import (
    ExploitationReported,
    ExploitationWithdrawn,
    IncidentReported,
    ReportReceived,
    ScoreObserved,
)
from services.kit.database import Connection
from services.triage.domain.scope import BEARING

DESCRIBE = """
INSERT INTO vulnerability AS t (vulnerability, title, description, scores, withdrawn, published_at,
    revision)
SELECT DISTINCT ON (id) id, title, description, scores::jsonb, withdrawn, published_at, revision
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::timestamptz[],
    $7::bigint[]) AS u(id, title, description, scores, withdrawn, published_at, revision)
ORDER BY id, revision DESC
ON CONFLICT (vulnerability) DO UPDATE SET title = excluded.title,
    description = excluded.description, scores = excluded.scores, withdrawn = excluded.withdrawn,
    published_at = excluded.published_at, revision = excluded.revision
WHERE t.revision < excluded.revision
"""
FIND = """
INSERT INTO finding AS t (finding, vulnerability, product, version, component, component_version,
    component_purl, verdict, reason, cleared, held_at, bearing_at, changed_at, revision, kind,
    support_stage, support_ends_on)
SELECT finding, vulnerability, product, version, component, component_version, component_purl,
    verdict, reason, cleared, held_at,
    CASE WHEN NOT bears THEN NULL WHEN bore THEN held_at ELSE changed_at END, changed_at, revision,
    kind, support_stage, support_ends_on
FROM (SELECT DISTINCT ON (finding) * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[],
    $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bool[], $11::timestamptz[],
    $12::bool[], $13::bool[], $14::timestamptz[], $15::bigint[], $16::text[], $17::text[],
    $18::date[])
    AS u(finding, vulnerability, product, version, component, component_version, component_purl,
        verdict, reason, cleared, held_at, bore, bears, changed_at, revision, kind, support_stage,
        support_ends_on)
    ORDER BY finding, revision DESC) AS news
ON CONFLICT (finding) DO UPDATE SET vulnerability = excluded.vulnerability,
    product = excluded.product, version = excluded.version, component = excluded.component,
    component_version = excluded.component_version, component_purl = excluded.component_purl,
    verdict = excluded.verdict, reason = excluded.reason, cleared = excluded.cleared,
    held_at = excluded.held_at, changed_at = excluded.changed_at, revision = excluded.revision,
    kind = excluded.kind, support_stage = excluded.support_stage,
    support_ends_on = excluded.support_ends_on,
    bearing_at = CASE WHEN excluded.bearing_at IS NULL THEN NULL
        WHEN t.cleared THEN excluded.changed_at
        ELSE coalesce(t.bearing_at, excluded.bearing_at) END
WHERE (t.vulnerability = excluded.vulnerability AND t.revision < excluded.revision)
    OR (t.vulnerability <> excluded.vulnerability AND t.changed_at < excluded.changed_at)
"""
REPORT = """
INSERT INTO report AS t (report, incident, source, title, summary, identifiers, product, version,
    site, harm, exploited, occurred_at, received_at, revision, country)
SELECT report, incident, source, title, summary,
    array(SELECT jsonb_array_elements_text(identifiers::jsonb)), product, version, site, harm,
    exploited, occurred_at, received_at, revision, country
FROM (SELECT DISTINCT ON (report) report, incident, source, title, summary, identifiers, product,
    version, site, harm, exploited, occurred_at, revision, country,
    min(received_at) OVER (PARTITION BY report) AS received_at
    FROM unnest($1::text[], $2::bool[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::bool[], $12::timestamptz[], $13::timestamptz[],
        $14::bigint[], $15::text[]) AS u(report, incident, source, title, summary, identifiers,
        product, version,
        site, harm, exploited, occurred_at, received_at, revision, country)
    ORDER BY report, revision DESC) AS news
ON CONFLICT (report) DO UPDATE SET incident = excluded.incident, source = excluded.source,
    title = excluded.title, summary = excluded.summary, identifiers = excluded.identifiers,
    product = excluded.product, version = excluded.version, site = excluded.site,
    harm = excluded.harm, exploited = excluded.exploited, occurred_at = excluded.occurred_at,
    country = excluded.country, received_at = least(t.received_at, excluded.received_at),
    revision = excluded.revision
WHERE t.revision < excluded.revision
"""
LINK = """
UPDATE report SET linked = array(SELECT DISTINCT unnest(linked || $2::text[]) ORDER BY 1)
WHERE report = ANY($1::text[])
"""
LINKED = """
SELECT DISTINCT unnest(identifiers || linked) AS identifier FROM report
WHERE report = ANY($1::text[])
"""
ALONE = """
SELECT report FROM report r
WHERE (report = ANY($1::text[]) OR (identifiers || linked) && $2::text[])
    AND NOT EXISTS (SELECT FROM identifier i WHERE i.identifier = ANY(r.identifiers || r.linked))
ORDER BY report
"""
SIGNAL = """
INSERT INTO signal AS t (signal, identifier, source, reporter, reported_at, received_at, backfill,
    product, site, evidence, ransomware, revision)
SELECT DISTINCT ON (signal) * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[],
    $5::timestamptz[], $6::timestamptz[], $7::bool[], $8::text[], $9::text[], $10::text[],
    $11::bool[], $12::bigint[]) AS u(signal, identifier, source, reporter, reported_at, received_at,
    backfill, product, site, evidence, ransomware, revision)
ORDER BY signal, revision DESC
ON CONFLICT (signal) DO UPDATE SET identifier = excluded.identifier, source = excluded.source,
    reporter = excluded.reporter, reported_at = excluded.reported_at,
    received_at = least(t.received_at, excluded.received_at), product = excluded.product,
    backfill = t.backfill AND excluded.backfill, site = excluded.site,
    evidence = excluded.evidence, ransomware = excluded.ransomware, withdrawn_at = NULL,
    revision = excluded.revision
WHERE t.revision < excluded.revision
"""
WITHDRAW = """
UPDATE signal t SET withdrawn_at = u.at, revision = u.revision
FROM (SELECT DISTINCT ON (signal) * FROM unnest($1::text[], $2::timestamptz[], $3::bigint[])
    AS u(signal, at, revision) ORDER BY signal, revision DESC) AS u
WHERE t.signal = u.signal AND t.revision < u.revision
"""
RETRACT = """
UPDATE signal t SET withdrawn_at = u.at
FROM unnest($1::text[], $2::timestamptz[], $3::bigint[]) AS u(report, at, revision)
WHERE t.reporter = ANY($1) AND t.reporter = u.report AND t.signal LIKE 'report/%'
    AND t.withdrawn_at IS NULL AND t.revision < u.revision
"""
"""What a report's newest revision states bears that revision: what is older is stated no more."""
SCORE = """
INSERT INTO exploit_score AS t (identifier, model, probability, percentile, observed_on)
SELECT DISTINCT ON (identifier) * FROM unnest(
    $1::text[], $2::text[], $3::float8[], $4::float8[], $5::date[])
    AS u(identifier, model, probability, percentile, observed_on)
ORDER BY identifier, observed_on DESC
ON CONFLICT (identifier) DO UPDATE SET model = excluded.model, probability = excluded.probability,
    percentile = excluded.percentile, observed_on = excluded.observed_on
WHERE t.observed_on < excluded.observed_on
"""


_SCORES = TypeAdapter(tuple[Score, ...])


@dataclass(frozen=True, slots=True)
class FindingNews:
    """A finding as one event gives it; `bore` where it was affected or unknown since it is held."""

    finding: Finding
    cleared: bool
    bore: bool
    at: datetime
    revision: int

    def row(self) -> tuple[object, ...]:
        """Its columns, in the order that `FIND` takes them."""
        held = self.finding
        bears = not self.cleared and held.verdict in BEARING
        return (
            held.finding, held.vulnerability, held.product, held.version, held.component,
            held.component_version, held.component_purl, held.verdict.value, held.reason,
            self.cleared, held.held_at, self.bore, bears, self.at, self.revision, held.kind.value,
            held.support.stage.value if held.support else None,
            held.support.ends_on if held.support else None,
        )  # fmt: skip


async def save_findings(db: Connection, news: Sequence[FindingNews]) -> None:
    """Store findings; of several in one batch the newest of each counts.

    Where a finding turns from fixed or not affected to affected or unknown, it bears from then on,
    not from when it was first held: see `HeldFinding.bearing_at`. Turns inside one batch are taken
    one by one, so that a batch never hides one.
    """
    for layer in _layers(news):
        await db.execute(FIND, *_columns([each.row() for each in layer]))


def _layers(news: Sequence[FindingNews]) -> list[list[FindingNews]]:
    """Split news so that each finding occurs at most once a layer: nearly always one layer."""
    layers: list[list[FindingNews]] = []
    depth: dict[str, int] = {}
    for each in sorted(news, key=lambda one: one.revision):
        place = depth.get(each.finding.finding, 0)
        depth[each.finding.finding] = place + 1
        if place == len(layers):
            layers.append([])
        layers[place].append(each)
    return layers


async def save_vulnerabilities(
    db: Connection, described: Sequence[tuple[VulnerabilityDescribed, int]]
) -> None:
    """Store what is known of vulnerabilities, each with its event's revision."""
    if described:
        rows = [
            (
                event.vulnerability,
                event.title,
                event.description,
                _SCORES.dump_json(event.scores).decode(),
                event.withdrawn,
                event.published_at,
                revision,
            )
            for event, revision in described
        ]
        await db.execute(DESCRIBE, *_columns(rows))


async def save_reports(
    db: Connection, reports: Sequence[tuple[ReportReceived | IncidentReported, int]]
) -> None:
    """Store reports and incidents; first receipt never moves to a later instant."""
    if reports:
        await db.execute(REPORT, *_columns([_report_row(*each) for each in reports]))


def _report_row(event: ReportReceived | IncidentReported, revision: int) -> tuple[object, ...]:
    harm = event.harm.value if isinstance(event, IncidentReported) else None
    country = event.country if isinstance(event, IncidentReported) else None
    source = event.kind.value if isinstance(event, ReportReceived) else "incident"
    return (
        event.report, harm is not None, source, event.title, event.summary,
        orjson.dumps(event.identifiers).decode(), event.product, event.version, event.site, harm,
        event.exploited, event.occurred_at, event.received_at, revision, country,
    )  # fmt: skip


async def link(db: Connection, reports: Iterable[str], identifiers: Iterable[str]) -> None:
    """Keep the identifiers that a person gave for reports; a later report keeps them too."""
    await db.execute(LINK, sorted(reports), sorted(identifiers))


async def save_signals(db: Connection, signals: Sequence[tuple[ExploitationReported, int]]) -> None:
    """Store evidence of exploitation; the same evidence again keeps its earliest receipt."""
    if signals:
        rows = [
            (
                event.signal, event.identifier, event.source.value, event.reporter,
                event.reported_at, event.received_at, event.backfill, event.product, event.site,
                event.evidence, event.ransomware, revision,
            )
            for event, revision in signals
        ]  # fmt: skip
        await db.execute(SIGNAL, *_columns(rows))


async def withdraw_signals(
    db: Connection, withdrawn: Sequence[tuple[ExploitationWithdrawn, int]]
) -> None:
    """Mark evidence as taken back."""
    if withdrawn:
        rows = [(event.signal, event.withdrawn_at, revision) for event, revision in withdrawn]
        await db.execute(WITHDRAW, *_columns(rows))


async def retract_signals(db: Connection, reports: Sequence[tuple[str, datetime, int]]) -> None:
    """Mark reports' earlier signals as taken back, where their newer state no longer has them.

    `reports` are (report, instant, revision); what they state now is stored before.
    """
    await db.execute(RETRACT, *_columns(reports))


async def save_scores(db: Connection, scores: Sequence[ScoreObserved]) -> None:
    """Keep the latest exploit prediction of each identifier: shown, never a trigger."""
    if scores:
        rows = [(e.identifier, e.model, e.probability, e.percentile, e.observed_on) for e in scores]
        await db.execute(SCORE, *_columns(rows))


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


async def identifiers_of_reports(db: Connection, reports: Iterable[str]) -> set[str]:
    """The identifiers that reports name, or that a person gave for them."""
    return {row["identifier"] for row in await db.fetch(LINKED, sorted(set(reports)))}


async def reports_alone(
    db: Connection, reports: Iterable[str], identifiers: Iterable[str]
) -> list[str]:
    """Of these reports, and those that name any of these identifiers, those of no vulnerability."""
    rows = await db.fetch(ALONE, sorted(set(reports)), sorted(set(identifiers)))
    return [row["report"] for row in rows]

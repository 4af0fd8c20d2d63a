"""Keeps drafts: revisions as canonical bytes, what people filled, who approved, what was filed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.kit.database import Connection
from services.notification.domain.document import DraftDocument, read
from services.notification.domain.draft import Fill
from services.notification.domain.template import Status

_COLUMNS = """
d.draft, d.clock, d.case_id, d.product, d.rule, d.stage, d.template, d.newest, d.shadow, d.ended,
d.filed_revision, r.digest, r.canonical, r.because, r.prepared_at
"""
_NEWEST = f"""
SELECT {_COLUMNS} FROM draft d JOIN draft_revision r ON r.draft = d.draft AND r.revision = d.newest
"""
OF_CASES = f"{_NEWEST} WHERE d.case_id = ANY($1) ORDER BY d.draft"
BY_ID = f"{_NEWEST} WHERE d.draft = ANY($1) ORDER BY d.draft"
OF_CLOCKS = f"{_NEWEST} WHERE d.clock = ANY($1) ORDER BY d.draft"
PAGE = f"""
{_NEWEST} WHERE (($1::text IS NULL AND d.case_id NOT LIKE 'DRILL-%') OR d.case_id = ANY($4))
    AND ($2::text IS NULL OR d.draft > $2)
ORDER BY d.draft LIMIT $3
"""
SAVE_DRAFTS = """
INSERT INTO draft AS t
    (draft, clock, case_id, product, rule, stage, template, newest, shadow, ended, created_at)
SELECT *, false, $10::timestamptz FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[],
    $9::bool[])
ON CONFLICT (draft) DO UPDATE SET newest = excluded.newest, shadow = excluded.shadow,
    template = excluded.template, case_id = excluded.case_id, ended = false
"""
SAVE_REVISIONS = """
INSERT INTO draft_revision (draft, revision, digest, canonical, because, prepared_at)
SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::bytea[], $5::text[], $6::timestamptz[])
"""
END = "UPDATE draft SET ended = true WHERE draft = ANY($1) AND NOT ended RETURNING draft"
VOID = """
UPDATE draft_approval SET voided_at = $2 WHERE draft = ANY($1) AND voided_at IS NULL
RETURNING draft
"""
FILL = """
INSERT INTO draft_fill (draft, field, status, value, reason, until, author, at)
SELECT $1, n.* FROM unnest($2::text[], $3::text[], $4::jsonb[], $5::text[], $6::text[],
    $7::text[], $8::timestamptz[]) AS n
"""
FILLS = """
SELECT draft, field, status, value, reason, until, author, at FROM draft_fill
WHERE draft = ANY($1) ORDER BY seq
"""
APPROVE = """
INSERT INTO draft_approval (draft, revision, person, digest, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (draft, revision, person) DO UPDATE SET digest = excluded.digest, at = excluded.at,
    voided_at = NULL
"""
APPROVALS = """
SELECT draft, revision, person FROM draft_approval WHERE draft = ANY($1) AND voided_at IS NULL
"""
REVISIONS = """
SELECT revision, digest, canonical, because, prepared_at FROM draft_revision
WHERE draft = $1 ORDER BY revision
"""
SOME_REVISIONS = """
SELECT draft, revision, canonical FROM draft_revision
WHERE (draft, revision) IN (SELECT * FROM unnest($1::text[], $2::int[]))
"""
FILED = "UPDATE draft SET filed_revision = $2 WHERE draft = $1"


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """A draft in its newest revision."""

    draft: str
    clock: str
    case: str
    product: str | None
    rule: str
    stage: str | None
    template: str
    newest: int
    shadow: bool
    ended: bool
    filed_revision: int | None
    digest: str
    canonical: bytes
    because: str
    prepared_at: datetime

    @property
    def document(self) -> DraftDocument:
        """The revision's document."""
        return read(self.canonical)


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision to be saved, or as it was."""

    document: DraftDocument
    canonical: bytes
    digest: str
    because: str
    stage: str | None


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's standing approval of one revision."""

    revision: int
    person: str


async def of_cases(db: Connection, cases: Iterable[str]) -> list[KeptDraft]:
    """The drafts of these cases, newest revisions."""
    return [_kept(row) for row in await db.fetch(OF_CASES, sorted(set(cases)))]


async def by_id(db: Connection, drafts: Iterable[str]) -> dict[str, KeptDraft]:
    """Drafts by id, newest revisions."""
    kept = [_kept(row) for row in await db.fetch(BY_ID, sorted(set(drafts)))]
    return {each.draft: each for each in kept}


async def of_clocks(db: Connection, clocks: Iterable[str]) -> dict[str, KeptDraft]:
    """Drafts by their clock, newest revisions."""
    kept = [_kept(row) for row in await db.fetch(OF_CLOCKS, sorted(set(clocks)))]
    return {each.clock: each for each in kept}


async def page(
    db: Connection, case: str | None, names: Sequence[str], after: str | None, limit: int
) -> list[KeptDraft]:
    """Drafts in the order of their ids, of one case (under all its `names`) or of all."""
    return [_kept(row) for row in await db.fetch(PAGE, case, after, limit, list(names))]


async def save(db: Connection, revisions: Sequence[Revision]) -> None:
    """Add revisions and make them the newest."""
    if not revisions:
        return
    documents = [each.document for each in revisions]
    await db.execute(
        SAVE_DRAFTS,
        [each.draft for each in documents],
        [each.duty.clock for each in documents],
        [each.case for each in documents],
        [each.product for each in documents],
        [each.duty.rule for each in documents],
        [each.stage for each in revisions],
        [each.template.id for each in documents],
        [each.revision for each in documents],
        [each.shadow for each in documents],
        documents[0].prepared_at,
    )
    await db.execute(
        SAVE_REVISIONS,
        [each.draft for each in documents],
        [each.revision for each in documents],
        [each.digest for each in revisions],
        [each.canonical for each in revisions],
        [each.because for each in revisions],
        [each.prepared_at for each in documents],
    )


async def end(db: Connection, drafts: Iterable[str]) -> set[str]:
    """Mark drafts whose clock ended and return those that were not marked before."""
    return {row["draft"] for row in await db.fetch(END, sorted(set(drafts)))}


async def void(db: Connection, drafts: Iterable[str], at: datetime) -> set[str]:
    """Take back every standing approval of these drafts and return the drafts that had one."""
    return {row["draft"] for row in await db.fetch(VOID, sorted(set(drafts)), at)}


async def fill(db: Connection, draft: str, fills: Sequence[Fill]) -> None:
    """Record what a person stated."""
    await db.execute(
        FILL,
        draft,
        [each.field for each in fills],
        [each.status.value for each in fills],
        [_json(each.value) for each in fills],
        [each.reason for each in fills],
        [each.until for each in fills],
        [each.author for each in fills],
        [each.at for each in fills],
    )


def _json(value: str | tuple[str, ...] | None) -> dict[str, str | tuple[str, ...] | None]:
    """In an object: a list inside an array of jsonb would become another dimension of it."""
    return {"is": value}


async def fills(db: Connection, drafts: Iterable[str]) -> dict[str, list[Fill]]:
    """What people stated, in the order in which they did."""
    found: dict[str, list[Fill]] = {}
    if not (wanted := sorted(set(drafts))):
        return found
    for row in await db.fetch(FILLS, wanted):
        value = row["value"]["is"]
        found.setdefault(row["draft"], []).append(
            Fill(
                row["field"], Status(row["status"]), row["author"], row["at"],
                tuple(value) if isinstance(value, list) else value, row["reason"], row["until"],
            )
        )  # fmt: skip
    return found


async def approve(db: Connection, kept: KeptDraft, person: str, at: datetime) -> None:
    """Record a person's approval of the newest revision, bound to its digest."""
    await db.execute(APPROVE, kept.draft, kept.newest, person, kept.digest, at)


async def approvals(db: Connection, drafts: Iterable[str]) -> dict[str, list[Approval]]:
    """The standing approvals of these drafts."""
    found: dict[str, list[Approval]] = {}
    if not (wanted := sorted(set(drafts))):
        return found
    for row in await db.fetch(APPROVALS, wanted):
        found.setdefault(row["draft"], []).append(Approval(row["revision"], row["person"]))
    return found


async def revisions(db: Connection, draft: str) -> list[Revision]:
    """Every revision of a draft, oldest first."""
    rows = await db.fetch(REVISIONS, draft)
    return [
        Revision(read(row["canonical"]), row["canonical"], row["digest"], row["because"], None)
        for row in rows
    ]


async def some_revisions(
    db: Connection, wanted: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], DraftDocument]:
    """Documents by draft and revision."""
    if not (pairs := sorted(set(wanted))):
        return {}
    rows = await db.fetch(SOME_REVISIONS, [draft for draft, _ in pairs], [n for _, n in pairs])
    return {(row["draft"], row["revision"]): read(row["canonical"]) for row in rows}


async def mark_filed(db: Connection, draft: str, revision: int) -> None:
    """Remember which revision a person filed: later stages carry its values."""
    await db.execute(FILED, draft, revision)


def _kept(row: asyncpg.Record) -> KeptDraft:
    values = dict(row)
    values["case"] = values.pop("case_id")
    return KeptDraft(**values)

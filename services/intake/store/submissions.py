"""Keeps submissions and their originals: what was given, by whom, and what became of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.intake.domain.submission import WAIT, Outcome, Status, Submission
from services.intake.formats.canonical import Subject
from services.intake.sealing import Sealer
from services.kit.blobs import Blobs
from services.kit.database import Connection

ROW_BYTES = 256 * 1024
"""Originals up to this size are rows; larger ones go to the blob store."""

KNOWN = "SELECT id FROM submission WHERE id = ANY($1::uuid[])"
SAVE_ORIGINALS = """
INSERT INTO original (digest, size, content, dataref, sealed, stored_at)
SELECT given.*, $6::timestamptz
FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::text[], $5::bool[])
    AS given(digest, size, content, dataref, sealed)
ON CONFLICT (digest) DO UPDATE SET content = excluded.content, dataref = excluded.dataref,
    sealed = excluded.sealed, stored_at = excluded.stored_at, erased_at = NULL
WHERE original.erased_at IS NOT NULL
"""
SAVE = """
INSERT INTO submission (id, source, document, principal, person, bulk, about, digest, size, format,
    status, detail, faults, counts, received_at, decided_at)
SELECT id, source, document, principal, person, bulk, about, digest, size, format, status, detail,
    faults::jsonb, counts, received_at, $16::timestamptz
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::jsonb[],
    $8::text[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[], $14::jsonb[],
    $15::timestamptz[])
    AS given(id, source, document, principal, person, bulk, about, digest, size, format, status,
        detail, faults, counts, received_at)
ON CONFLICT (id) DO UPDATE SET status = excluded.status, detail = excluded.detail,
    format = excluded.format, faults = excluded.faults, counts = excluded.counts,
    decided_at = excluded.decided_at
"""
SUPERSEDE = """
UPDATE submission SET status = 'superseded', decided_at = $2,
    detail = 'a newer document for the same product version came while it waited'
WHERE id = ANY($1::uuid[]) AND status = 'waiting'
"""
WAIT_FOR = """
INSERT INTO waiting (submission, needs, waits_for, until)
SELECT submission, ARRAY(SELECT jsonb_array_elements_text(needs::jsonb)),
    CASE WHEN waits_for IS NOT NULL
         THEN ARRAY(SELECT jsonb_array_elements_text(waits_for::jsonb)) END, until
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
    AS given(submission, needs, waits_for, until)
ON CONFLICT (submission) DO UPDATE SET needs = excluded.needs
"""
DONE_WAITING = "DELETE FROM waiting WHERE submission = ANY($1::uuid[])"
STILL_WAITING = """
SELECT s.*, w.needs FROM submission s JOIN waiting w ON w.submission = s.id
WHERE s.id = ANY($1::uuid[]) ORDER BY s.received_at, s.id
"""
ORIGINALS = "SELECT * FROM original WHERE digest = ANY($1::text[])"
ORIGINAL = "SELECT * FROM original WHERE digest = $1"


@dataclass(frozen=True, slots=True)
class Settled:
    """A submission with what was decided on it; `personal` if its bytes may name people."""

    submission: Submission
    outcome: Outcome
    personal: bool = False


async def known(db: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these submissions were handled before, whatever an inbox remembers."""
    return {row["id"] for row in await db.fetch(KNOWN, list(ids))}


async def keep_originals(
    db: Connection, blobs: Blobs, sealer: Sealer, settled: Sequence[Settled], now: datetime
) -> None:
    """Keep each document's bytes once. Those that hold personal data are encrypted rows.

    What came unsigned is not kept: nobody may fill our store without a name.
    """
    wanted = {
        each.submission.digest: each
        for each in settled
        if each.outcome.status is not Status.UNCHANGED and each.submission.principal is not None
    }
    personal = {each.submission.digest for each in settled if each.personal}
    contents: list[bytes | None] = []
    references: list[str | None] = []
    for digest, each in sorted(wanted.items()):
        raw = each.submission.raw
        if digest in personal:
            contents.append(sealer.seal(raw, digest))
            references.append(None)
        elif len(raw) > ROW_BYTES:
            contents.append(None)
            references.append(await blobs.put(raw))
        else:
            contents.append(raw)
            references.append(None)
    if wanted:
        digests = sorted(wanted)
        await db.execute(
            SAVE_ORIGINALS,
            digests,
            [len(wanted[d].submission.raw) for d in digests],
            contents,
            references,
            [d in personal for d in digests],
            now,
        )


async def save(db: Connection, settled: Sequence[Settled], now: datetime) -> None:
    """Write what became of each submission, and who waits from now on."""
    if not settled:
        return
    given = [each.submission for each in settled]
    came = [each.outcome for each in settled]
    await db.execute(
        SAVE,
        [s.id for s in given],
        [s.source for s in given],
        [s.document for s in given],
        [s.principal for s in given],
        [s.person for s in given],
        [s.bulk for s in given],
        [_about(s) for s in given],
        [s.digest for s in given],
        [len(s.raw) for s in given],
        [o.format for o in came],
        [o.status.value for o in came],
        [o.detail for o in came],
        [json_list(_faults(o)) for o in came],
        [o.counts for o in came],
        [s.received_at for s in given],
        now,
    )
    older = {id_ for outcome in came for id_ in outcome.superseded}
    if older:
        await db.execute(SUPERSEDE, list(older), now)
        await db.execute(DONE_WAITING, list(older))
    waiting = [each for each in settled if each.outcome.status is Status.WAITING]
    if wait := [each for each in waiting if each.submission.id not in older]:
        await db.execute(
            WAIT_FOR,
            [w.submission.id for w in wait],
            [json_list(sorted(w.outcome.needs)) for w in wait],
            [json_list(w.outcome.waits_for) if w.outcome.waits_for else None for w in wait],
            [w.submission.received_at + WAIT for w in wait],
        )


def _about(submission: Submission) -> dict[str, str | None] | None:
    about = submission.about
    if about is None:
        return None
    return {"product": about.product, "version": about.version, "hardware": about.hardware}


def json_list(values: Sequence[object]) -> str:
    """A list as JSON text: in an array parameter a bare list would be taken for a dimension."""
    return orjson.dumps(values).decode()


def _faults(outcome: Outcome) -> list[dict[str, str | None]]:
    return [
        {"code": f.code, "reason": f.reason, "pointer": f.pointer, "mend": f.mend}
        for f in outcome.faults
    ]


async def end_wait(db: Connection, ids: Iterable[UUID]) -> None:
    """Take submissions off the waiting list."""
    await db.execute(DONE_WAITING, list(ids))


async def still_waiting(
    db: Connection, blobs: Blobs, sealer: Sealer, ids: Sequence[UUID]
) -> list[tuple[Submission, frozenset[str]]]:
    """The submissions among these that wait, with their bytes, oldest first."""
    rows = await db.fetch(STILL_WAITING, list(ids))
    kept = {o["digest"]: o for o in await db.fetch(ORIGINALS, [row["digest"] for row in rows])}
    found = []
    for row in rows:
        raw = await content(kept[row["digest"]], blobs, sealer)
        found.append((_restored(row, raw or b""), frozenset(row["needs"])))
    return found


async def waiting_for(
    db: Connection, ids: Sequence[UUID]
) -> list[tuple[Submission, frozenset[str]]]:
    """The submissions among these that still wait, without their bytes, and what for."""
    rows = await db.fetch(STILL_WAITING, list(ids))
    return [(_restored(row, b""), frozenset(row["needs"])) for row in rows]


def _restored(row: Any, raw: bytes) -> Submission:
    about = row["about"]
    return Submission(
        id=row["id"],
        source=row["source"],
        document=row["document"],
        raw=raw,
        digest=row["digest"],
        received_at=row["received_at"],
        principal=row["principal"],
        person=row["person"],
        bulk=row["bulk"],
        about=Subject(about["product"], None, about["version"], about["hardware"])
        if about
        else None,
    )


async def content(original: Any, blobs: Blobs, sealer: Sealer) -> bytes | None:
    """The bytes of an original, decrypted; None once erased."""
    if original["erased_at"] is not None:
        return None
    if original["dataref"] is not None:
        return await blobs.get(original["dataref"])
    raw: bytes = original["content"]
    return sealer.open(raw, original["digest"]) if original["sealed"] else raw

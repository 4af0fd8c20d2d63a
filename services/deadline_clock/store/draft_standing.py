"""How far each clock's draft is, as last told."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from services.deadline_clock.domain.escalation import DraftState
from services.kit.database import Connection

SAVE = """
INSERT INTO draft_standing AS d (clock, draft, draft_revision, revision, state)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::text[])
ON CONFLICT (clock) DO UPDATE SET draft = excluded.draft, draft_revision = excluded.draft_revision,
    revision = excluded.revision, state = excluded.state
WHERE excluded.revision > d.revision
"""
OF = "SELECT clock, state FROM draft_standing WHERE clock = ANY($1)"


Standing = tuple[str, int, int, DraftState]
"""A draft, its revision, the stream's revision that told of it, and how far it is."""


async def save(db: Connection, standing: Mapping[str, Standing]) -> None:
    """Keep newer standings: by clock the draft, its revision, the stream's revision, the state."""
    ordered = sorted(standing.items())
    if not ordered:
        return
    await db.execute(
        SAVE,
        [UUID(clock) for clock, _ in ordered],
        [draft for _, (draft, _, _, _) in ordered],
        [number for _, (_, number, _, _) in ordered],
        [revision for _, (_, _, revision, _) in ordered],
        [state.name.lower() for _, (_, _, _, state) in ordered],
    )


async def of(db: Connection, clocks: Iterable[str]) -> dict[str, DraftState]:
    """How far the drafts of these clocks are; one without a draft is left out."""
    rows = await db.fetch(OF, [UUID(each) for each in clocks])
    return {str(row["clock"]): DraftState.named(row["state"]) for row in rows}

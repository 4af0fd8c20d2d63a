"""Clocks with their history and their escalation steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from schemas.clocks import Clock, Severity
from services.deadline_clock.domain.change import Held
from services.deadline_clock.domain.replanning import Steps
from services.kit.database import Connection

_COLUMNS = "case_id, occurrence, initial_load, because, decided_by, reopen_trigger, body"

OF_CASES = f"SELECT {_COLUMNS} FROM clock WHERE case_id = ANY($1) ORDER BY clock FOR UPDATE"
OF_CASES_READ = f"SELECT {_COLUMNS} FROM clock WHERE case_id = ANY($1) ORDER BY clock"
BY_ID = f"SELECT {_COLUMNS} FROM clock WHERE clock = ANY($1) ORDER BY clock FOR UPDATE"
CASES_OF = "SELECT DISTINCT case_id FROM clock WHERE clock = ANY($1)"
WAITING_FOR = """
SELECT DISTINCT case_id FROM clock
WHERE case_id = ANY($1) AND rule = ANY($2) AND state NOT IN ('met', 'superseded', 'not_applicable')
"""
SAVE = """
INSERT INTO clock AS t (clock, case_id, rule, product, occurrence, mode, state, due_at,
    initial_load, because, decided_by, reopen_trigger, body)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::text[], $8::timestamptz[], $9::bool[], $10::text[], $11::text[], $12::text[], $13::jsonb[])
ON CONFLICT (clock) DO UPDATE SET case_id = excluded.case_id, mode = excluded.mode,
    state = excluded.state, due_at = excluded.due_at, initial_load = excluded.initial_load,
    because = excluded.because, decided_by = excluded.decided_by,
    reopen_trigger = excluded.reopen_trigger, body = excluded.body
"""
REMEMBER = """
INSERT INTO clock_history (clock, at, events, because, decided_by, cause, body)
SELECT clock, at, string_to_array(events, ','), because, decided_by, cause, body
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::jsonb[]) WITH ORDINALITY AS h(clock, at, events, because, decided_by, cause, body, position)
ORDER BY position
"""
TAKE_BACK = """
UPDATE escalation_step SET state = 'taken_back' WHERE clock = ANY($1) AND state = 'armed'
"""
PUT_STEPS = """
INSERT INTO escalation_step AS t (clock, step, due_at, severity, state, fired_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[],
    $6::timestamptz[])
ON CONFLICT (clock, step, due_at) DO UPDATE SET state = excluded.state,
    severity = excluded.severity, fired_at = excluded.fired_at
WHERE t.state <> 'fired'
"""
FIRE_STEPS = """
UPDATE escalation_step s SET state = 'fired', fired_at = $4
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS f(clock, step, due_at)
WHERE s.clock = f.clock AND s.step = f.step AND s.due_at = f.due_at AND s.state = 'armed'
RETURNING s.clock, s.step, s.due_at
"""
NOT_TOLD = """
UPDATE escalation_step s SET state = 'taken_back', fired_at = NULL
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS f(clock, step, due_at)
WHERE s.clock = f.clock AND s.step = f.step AND s.due_at = f.due_at AND s.state = 'fired'
"""
STEPS = """
SELECT s.clock, s.step, s.due_at, s.severity, s.state
FROM escalation_step s JOIN clock c USING (clock)
WHERE c.case_id = ANY($1) AND s.state IN ('armed', 'fired')
    AND c.state NOT IN ('met', 'superseded', 'not_applicable')
"""
WAIT_TOGETHER = """
INSERT INTO told_together (step, clock, added_at)
SELECT step, clock, $3 FROM unnest($1::text[], $2::uuid[]) AS w(step, clock) ON CONFLICT DO NOTHING
"""
OLDEST_WAITING = """
SELECT step, min(added_at) AS since FROM told_together WHERE step = ANY($1) GROUP BY step
"""
TAKE_WAITING = "DELETE FROM told_together WHERE step = ANY($1) RETURNING step, clock"


@dataclass(frozen=True, slots=True)
class StepRow:
    """An escalation step: armed, or fired at once."""

    clock: str
    step: str
    due_at: datetime
    severity: Severity
    fired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """One line of a clock's history."""

    held: Held
    events: tuple[str, ...]
    cause: str | None


def held(row: asyncpg.Record) -> Held:
    """A clock from its row; the row says to which case it belongs after a merge."""
    return Held(
        clock=Clock.model_validate(row["body"] | {"case": row["case_id"]}),
        occurrence=row["occurrence"],
        initial_load=row["initial_load"],
        because=row["because"],
        decided_by=row["decided_by"],
        reopen_trigger=row["reopen_trigger"],
    )


async def of_cases(db: Connection, cases: Iterable[str], *, readonly: bool = False) -> list[Held]:
    """Every clock of these cases, held against other writers until commit."""
    rows = await db.fetch(OF_CASES_READ if readonly else OF_CASES, list(cases))
    return [held(row) for row in rows]


async def by_id(db: Connection, clocks: Iterable[str]) -> dict[str, Held]:
    """Clocks by id, held against other writers until commit."""
    rows = await db.fetch(BY_ID, [UUID(each) for each in clocks])
    return {each.clock.clock: each for each in map(held, rows)}


async def cases_of(db: Connection, clocks: Iterable[str]) -> set[str]:
    """The cases that these clocks belong to."""
    rows = await db.fetch(CASES_OF, [UUID(each) for each in clocks])
    return {row["case_id"] for row in rows}


async def waiting_for(db: Connection, cases: Iterable[str], rules: Iterable[str]) -> set[str]:
    """Those of the cases that have an open clock of one of these rules."""
    return {row["case_id"] for row in await db.fetch(WAITING_FOR, list(cases), list(rules))}


async def save(db: Connection, changed: Iterable[Held]) -> None:
    """Keep clocks as they are now."""
    ordered = sorted(changed, key=lambda each: each.clock.clock)
    if not ordered:
        return
    await db.execute(
        SAVE,
        [UUID(each.clock.clock) for each in ordered],
        [each.clock.case for each in ordered],
        [each.clock.rule for each in ordered],
        [each.clock.product or "" for each in ordered],
        [each.occurrence for each in ordered],
        [each.clock.mode.value for each in ordered],
        [each.clock.state.value for each in ordered],
        [each.clock.due_operational for each in ordered],
        [each.initial_load for each in ordered],
        [each.because for each in ordered],
        [each.decided_by for each in ordered],
        [each.reopen_trigger for each in ordered],
        [each.clock.model_dump(mode="json") for each in ordered],
    )


async def remember(db: Connection, lines: Sequence[Remembered], at: datetime) -> None:
    """Add to the clocks' histories, in the order of the lines."""
    if not lines:
        return
    await db.execute(
        REMEMBER,
        [UUID(each.held.clock.clock) for each in lines],
        [at] * len(lines),
        [",".join(each.events) for each in lines],
        [each.held.because for each in lines],
        [each.held.decided_by for each in lines],
        [each.cause for each in lines],
        [each.held.clock.model_dump(mode="json") for each in lines],
    )


async def put_steps(db: Connection, rearmed: Iterable[str], steps: Sequence[StepRow]) -> None:
    """Take back the armed steps of clocks, and add steps; a step that fired stays fired."""
    if clocks := [UUID(each) for each in rearmed]:
        await db.execute(TAKE_BACK, clocks)
    unique = {(each.clock, each.step, each.due_at): each for each in steps}
    ordered = [unique[key] for key in sorted(unique)]
    if not ordered:
        return
    await db.execute(
        PUT_STEPS,
        [UUID(each.clock) for each in ordered],
        [each.step for each in ordered],
        [each.due_at for each in ordered],
        [each.severity.value for each in ordered],
        ["armed" if each.fired_at is None else "fired" for each in ordered],
        [each.fired_at for each in ordered],
    )


async def fire_steps(
    db: Connection, fired: Sequence[tuple[str, str, datetime]], at: datetime
) -> set[tuple[str, str, datetime]]:
    """Mark steps as fired and say which of them were armed."""
    rows = await db.fetch(
        FIRE_STEPS,
        [UUID(clock) for clock, _, _ in fired],
        [step for _, step, _ in fired],
        [due_at for _, _, due_at in fired],
        at,
    )
    return {(str(row["clock"]), row["step"], row["due_at"]) for row in rows}


async def take_back_told(db: Connection, steps: Sequence[tuple[str, str, datetime]]) -> None:
    """Say of steps that were marked as fired that nobody was told: their policy was replaced."""
    await db.execute(
        NOT_TOLD,
        [UUID(clock) for clock, _, _ in steps],
        [step for _, step, _ in steps],
        [due_at for _, _, due_at in steps],
    )


async def steps_of(db: Connection, cases: Iterable[str]) -> dict[str, Steps]:
    """How the steps of these cases' open clocks stand, by clock."""
    armed: dict[str, set[tuple[str, datetime, Severity]]] = {}
    told: dict[str, datetime] = {}
    for row in await db.fetch(STEPS, list(cases)):
        clock = str(row["clock"])
        if row["state"] == "armed":
            step = (row["step"], row["due_at"], Severity(row["severity"]))
            armed.setdefault(clock, set()).add(step)
        else:
            told[clock] = max(row["due_at"], told.get(clock, row["due_at"]))
    return {
        clock: Steps(frozenset(armed.get(clock, ())), told.get(clock)) for clock in armed | told
    }


async def wait_together(
    db: Connection, waiting: Sequence[tuple[str, str]], at: datetime
) -> dict[str, datetime]:
    """Add (step, clock) to what is told together; answer since when each step has waited."""
    steps = [step for step, _ in waiting]
    await db.execute(WAIT_TOGETHER, steps, [UUID(clock) for _, clock in waiting], at)
    return {row["step"]: row["since"] for row in await db.fetch(OLDEST_WAITING, steps)}


async def take_waiting(db: Connection, steps: Iterable[str]) -> dict[str, list[str]]:
    """Take what waits to be told together, by step."""
    found: dict[str, list[str]] = {}
    for row in await db.fetch(TAKE_WAITING, list(steps)):
        found.setdefault(row["step"], []).append(str(row["clock"]))
    return found

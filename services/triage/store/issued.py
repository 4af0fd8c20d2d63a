"""Keeps tracking ids that were given out in a past that the database has forgotten."""

from collections.abc import Sequence

from schemas.cases import CaseOpened
from services.kit.database import Connection
from services.triage.domain.recognition import Opening, Told, recognise
from services.triage.domain.tracking import order

REMEMBER = """
INSERT INTO issued (case_id, year, number, vulnerability, report, identifiers)
SELECT case_id, year, number, vulnerability, report, string_to_array(identifiers, chr(31))
FROM unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[])
    AS u(case_id, year, number, vulnerability, report, identifiers)
WHERE NOT EXISTS (SELECT FROM casefile c WHERE c.case_id = u.case_id)
ON CONFLICT DO NOTHING
"""
COUNT_ON = """
INSERT INTO tracking_counter AS t (year, last)
SELECT year, max(number) FROM unnest($1::int[], $2::int[]) AS u(year, number) GROUP BY year
ON CONFLICT (year) DO UPDATE SET last = greatest(t.last, excluded.last)
"""
LIKELY = """
SELECT case_id, vulnerability, identifiers, report FROM issued i
WHERE (vulnerability = ANY($1::text[]) OR identifiers && $1::text[] OR report = ANY($2::text[]))
    AND NOT EXISTS (SELECT FROM casefile c WHERE c.case_id = i.case_id)
"""

_SEPARATOR = "\x1f"


async def remember(db: Connection, opened: Sequence[CaseOpened]) -> None:
    """Keep the ids of these cases where the database has none of them, and count on after them."""
    numbered = [order(each.case) for each in opened]
    years, numbers = [year for year, _ in numbered], [number for _, number in numbered]
    await db.execute(
        REMEMBER, [each.case for each in opened], years, numbers,
        [each.vulnerability for each in opened], [each.report for each in opened],
        [_SEPARATOR.join(each.identifiers) for each in opened],
    )  # fmt: skip
    await db.execute(COUNT_ON, years, numbers)


async def given(db: Connection, openings: Sequence[Opening]) -> list[str | None]:
    """Find the ids that these cases had before, None for those that are new."""
    names = {name for each in openings for name in each.names}
    reports = {name for each in openings for name in each.reports}
    rows = await db.fetch(LIKELY, list(names), list(reports))
    told = [
        Told(row["case_id"], row["vulnerability"], frozenset(row["identifiers"]), row["report"])
        for row in rows
    ]
    return recognise(openings, told)

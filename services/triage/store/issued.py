"""Keeps tracking ids that were given out in a past that the database has forgotten."""

from collections.abc import Sequence

from schemas.cases import CaseOpened
from services.kit.database import Connection
from services.triage.domain.tracking import order

REMEMBER = """
INSERT INTO issued (case_id, year, number, vulnerability, report)
SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::text[]) AS u(case_id)
WHERE NOT EXISTS (SELECT FROM casefile c WHERE c.case_id = u.case_id)
ON CONFLICT DO NOTHING
"""
COUNT_ON = """
INSERT INTO tracking_counter AS t (year, last)
SELECT year, max(number) FROM unnest($1::int[], $2::int[]) AS u(year, number) GROUP BY year
ON CONFLICT (year) DO UPDATE SET last = greatest(t.last, excluded.last)
"""
GIVEN = """
SELECT DISTINCT ON (vulnerability, report) case_id, vulnerability, report FROM (
    SELECT case_id, year, number, vulnerability,
        CASE WHEN vulnerability IS NULL THEN report END AS report
    FROM issued
    WHERE vulnerability = ANY($1::text[]) OR (vulnerability IS NULL AND report = ANY($2::text[]))
) i
WHERE NOT EXISTS (SELECT FROM casefile c WHERE c.case_id = i.case_id)
ORDER BY vulnerability, report, year, number
"""

For = tuple[str | None, str | None]
"""What a case is for: its vulnerability, or where it has none, its report."""


async def remember(db: Connection, opened: Sequence[CaseOpened]) -> None:
    """Keep the ids of these cases where the database has none of them, and count on after them."""
    numbered = [order(each.case) for each in opened]
    years, numbers = [year for year, _ in numbered], [number for _, number in numbered]
    await db.execute(
        REMEMBER, [each.case for each in opened], years, numbers,
        [each.vulnerability for each in opened], [each.report for each in opened],
    )  # fmt: skip
    await db.execute(COUNT_ON, years, numbers)


async def given(db: Connection, wanted: Sequence[For]) -> dict[For, str]:
    """Find the ids that cases for these had before."""
    rows = await db.fetch(
        GIVEN, [each for each, _ in wanted if each], [each for _, each in wanted if each]
    )
    return {(row["vulnerability"], row["report"]): row["case_id"] for row in rows}

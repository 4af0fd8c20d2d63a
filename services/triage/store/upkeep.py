"""Pages through everything held, for the check that recomputes every join."""

from services.kit.database import Connection

VULNERABILITIES = """
SELECT DISTINCT vulnerability FROM identifier WHERE vulnerability > $1
ORDER BY vulnerability LIMIT $2
"""
REPORTS = "SELECT report FROM report WHERE report > $1 ORDER BY report LIMIT $2"
LOST = """
SELECT m.case_id || ' met ' || m.signal || ', which is not held' AS difference
FROM meeting m LEFT JOIN signal s USING (signal) WHERE s.signal IS NULL
UNION ALL
SELECT case_id || ' was merged into ' || merged_into || ', which was merged itself'
FROM casefile c WHERE EXISTS (
    SELECT FROM casefile s WHERE s.case_id = c.merged_into AND s.status = 'merged')
"""


async def vulnerabilities(db: Connection, after: str, limit: int) -> list[str]:
    """The next vulnerabilities in the order of their ids."""
    return [row["vulnerability"] for row in await db.fetch(VULNERABILITIES, after, limit)]


async def reports(db: Connection, after: str, limit: int) -> list[str]:
    """The next reports in the order of their ids."""
    return [row["report"] for row in await db.fetch(REPORTS, after, limit)]


async def lost(db: Connection) -> list[str]:
    """What is stored of a join whose parts are gone."""
    return [row["difference"] for row in await db.fetch(LOST)]

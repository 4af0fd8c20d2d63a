"""Says how severe a vulnerability is, and which exit status stands for it."""

from collections.abc import Iterable
from enum import IntEnum

from schemas.advisories import Score
from schemas.findings import Verdict


class Severity(IntEnum):
    """The bands of CVSS v3.1 section 5 and v4.0 section 6, as exit statuses of `match`.

    `UNKNOWN` stands for a verdict that nobody could reach, `UNSCORED` for a vulnerability that
    affects and that nobody has scored.
    """

    NONE = 0
    UNKNOWN = 10
    UNSCORED = 11
    LOW = 12
    MEDIUM = 13
    HIGH = 14
    CRITICAL = 15


_BANDS = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM))


def highest(scores: Iterable[Score]) -> Score | None:
    """Pick the score that is acted on: of the newest CVSS version that was used, the highest."""
    return max(scores, key=lambda score: (score.version != "2.0", score.base), default=None)


def of(verdict: Verdict, score: Score | None) -> Severity:
    """Band one result; what does not affect has none."""
    if verdict is Verdict.UNKNOWN:
        return Severity.UNKNOWN
    if verdict is not Verdict.AFFECTED:
        return Severity.NONE
    if score is None:
        return Severity.UNSCORED
    return next((band for least, band in _BANDS if score.base >= least), Severity.LOW)

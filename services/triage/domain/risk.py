"""Proposes a clinical risk band from the highest CVSS score and the product's clinical use.

A vector outranks the number beside it: the base score is computed again (FIRST, CVSS v2.0, v3.x and
v4.0) and a difference is said. The result is a proposal; only a person sets a band.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from cvss import CVSS2, CVSS3, CVSS4, CVSSError

from schemas.advisories import Score
from schemas.catalogue import ClinicalUse
from services.triage.domain.packs import ClinicalBands, Raise

_ROUNDING = 0.05
"""Half of the last digit that a base score is given with."""


@dataclass(frozen=True, slots=True)
class BaseScore:
    """A base score as it is used; `remark` says where it differs from what was stated."""

    value: float
    version: str
    vector: str
    asserter: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A band proposed for one product of a case, with the reasoning in words."""

    band: str
    score: float | None
    vector: str | None
    ground: str
    pack: str


@lru_cache(maxsize=50_000)
def recomputed(version: str, vector: str) -> float | None:
    """The base score that a vector means, or None where it cannot be read."""
    try:
        if version.startswith("4"):
            return float(CVSS4(vector).base_score)
        if version.startswith("3"):
            return float(CVSS3(vector).base_score)
        return float(CVSS2(vector).base_score)
    except (CVSSError, ValueError, KeyError):
        return None


def base_score(score: Score) -> BaseScore:
    """Check a stated score against its vector; the vector wins."""
    computed = recomputed(score.version, score.vector)
    if computed is None:
        remark = "its vector cannot be read, the stated base score is used"
        return BaseScore(score.base, score.version, score.vector, score.asserter, remark)
    remark = ""
    if abs(computed - score.base) > _ROUNDING:
        remark = f"stated as {score.base}, but its vector means {computed}"
    return BaseScore(computed, score.version, score.vector, score.asserter, remark)


def leading_score(scores: Iterable[Score], pack: ClinicalBands) -> BaseScore | None:
    """The highest score of the most preferred CVSS version that anybody gave."""
    checked = [base_score(score) for score in scores]
    for version in pack.prefer:
        of_version = [each for each in checked if each.version == version]
        if of_version:
            return max(of_version, key=lambda each: (each.value, each.asserter, each.vector))
    return None


def band_of(value: float, pack: ClinicalBands) -> int:
    """The place of a base score's band, from the mildest; scores are given in tenths."""
    tenths = round(value, 1)
    return max(n for n, band in enumerate(pack.bands) if band.from_score <= tenths)


def propose(scores: Iterable[Score], use: ClinicalUse | None, pack: ClinicalBands) -> Proposal:
    """Propose a band for a product; a higher score never gives a milder band."""
    leading = leading_score(scores, pack)
    if leading is None:
        ground = f"Nobody has scored it: the policy assumes {pack.unscored} until a person decides."
        return Proposal(pack.unscored, None, None, ground, pack.name)
    place = band_of(leading.value, pack)
    reasons = [f"CVSS {leading.version} base score {leading.value} by {leading.asserter}"]
    if leading.remark:
        reasons.append(leading.remark)
    chosen = _raise_for(use, pack)
    if use is None:
        reasons.append("the product's clinical use is not known")
    elif chosen is not None and leading.value > 0:
        place = min(place + chosen.steps, len(pack.bands) - 1)
        reasons.append(f"raised because {chosen.ground}")
    ground = f"{'; '.join(reasons)}."
    return Proposal(pack.bands[place].id, leading.value, leading.vector, ground, pack.name)


def _raise_for(use: ClinicalUse | None, pack: ClinicalBands) -> Raise | None:
    """The largest step up that applies; on a tie the first one in the pack."""
    if use is None:
        return None
    applying = [
        each
        for each in pack.raises
        if (use.life_sustaining if each.when == "life_sustaining" else use.worst_harm == each.when)
    ]
    return max(applying, key=lambda each: each.steps, default=None)

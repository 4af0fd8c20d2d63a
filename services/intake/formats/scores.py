"""Reads CVSS scores as their asserters state them; a score without vector or base is no score."""

from schemas.advisories import Score
from services.intake.formats.shape import Node

_VERSIONS = {
    "cvssV2_0": "2.0",
    "cvssV3_0": "3.0",
    "cvssV3_1": "3.1",
    "cvssV4_0": "4.0",
    "cvss_v2": "2.0",
    "cvss_v3": "3.1",
    "cvss_v4": "4.0",
}
_MAX_BASE = 10
_MAX_VECTOR = 512


def found(metric: Node, asserter: str) -> tuple[Score, ...]:
    """The scores in an object whose keys name CVSS versions."""
    scores = []
    for key, version in _VERSIONS.items():
        stated = metric.get(key)
        if not isinstance(stated, dict):
            continue
        vector, base = stated.get("vectorString"), stated.get("baseScore")
        if not isinstance(vector, str) or not 0 < len(vector) <= _MAX_VECTOR:
            continue
        if (
            isinstance(base, bool)
            or not isinstance(base, int | float)
            or not 0 <= base <= _MAX_BASE
        ):
            continue
        scores.append(
            Score(asserter=asserter, version=_stated(vector, version), vector=vector, base=base)
        )
    return tuple(scores)


def _stated(vector: str, version: str) -> str:
    """The version the vector itself carries; CSAF's `cvss_v3` may hold 3.0 or 3.1."""
    head = vector[:8]
    return head[5:] if head in {"CVSS:3.0", "CVSS:3.1", "CVSS:4.0"} else version


_METHODS = {"CVSSv2": "2.0", "CVSSv3": "3.0", "CVSSv31": "3.1", "CVSSv4": "4.0"}


def of_rating(
    method: str | None, vector: str | None, base: object, asserter: str
) -> tuple[Score, ...]:
    """The score in a CycloneDX rating, where it is a CVSS score with its vector."""
    version = _METHODS.get(method or "")
    if version is None or not vector:
        return ()
    key = next(key for key, each in _VERSIONS.items() if each == version)
    return found({key: {"vectorString": vector, "baseScore": base}}, asserter)

"""Puts together what several advisories say of one vulnerability, whatever it bears on."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.advisories import Vulnerability
from schemas.findings import VulnerabilityDescribed

_SOURCES = ("cve", "osv", "csaf")
"""Whose words are taken first; a CVE record's describe the flaw and nothing else."""


@dataclass(frozen=True, slots=True)
class Record:
    """What one advisory says of one vulnerability."""

    advisory: str
    source: str
    withdrawn: bool
    body: Vulnerability


def describe(
    vulnerability: str,
    identifiers: Iterable[str],
    absorbed: Iterable[str],
    records: Iterable[Record],
) -> VulnerabilityDescribed:
    """Describe a group: the first source's words, everybody's scores and weaknesses.

    It is withdrawn when every source withdrew it. A withdrawn record's words count only then.
    """
    ordered = sorted(records, key=_rank)
    live = [each for each in ordered if not each.withdrawn]
    said = [each.body for each in live or ordered]
    published = [each.published_at for each in said if each.published_at]
    return VulnerabilityDescribed(
        vulnerability=vulnerability,
        identifiers=tuple(identifiers),
        absorbed=tuple(absorbed),
        title=next((each.title for each in said if each.title), None),
        description=next((each.description for each in said if each.description), None),
        scores=tuple(dict.fromkeys(score for each in said for score in each.scores)),
        weaknesses=tuple(dict.fromkeys(each for body in said for each in body.weaknesses)),
        published_at=min(published) if published else None,
        withdrawn=bool(ordered) and not live,
    )


def _rank(record: Record) -> tuple[int, str, str]:
    known = _SOURCES.index(record.source) if record.source in _SOURCES else len(_SOURCES)
    return known, record.advisory, record.body.id

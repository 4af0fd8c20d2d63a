"""Decides what a component whose support is over asks for beyond what a supported one does.

While somebody supports a component, an unknown verdict waits in the review list: a later advisory
may settle it. Afterwards nobody will. So an unknown verdict on a component whose support is over
opens a case, unless the vulnerability was published while it was supported: then it comes first in
the review list. Where either day is not known, it opens a case.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from schemas.findings import FindingKind, Verdict
from services.triage.domain.scope import HeldFinding, name_of


def case_asked_for(findings: Iterable[HeldFinding], published_at: datetime | None) -> str | None:
    """Say why an unknown verdict has to become a case by itself, or None."""
    for each in sorted(findings, key=lambda one: (one.product, one.version, one.finding)):
        if _is_unknown(each) and each.is_unsupported and not _known_before(each, published_at):
            return (
                f"support of {name_of(each)} in {each.product} {each.version} is over, "
                "and no source says whether it is affected"
            )
    return None


def _is_unknown(finding: HeldFinding) -> bool:
    is_vulnerability = finding.kind is FindingKind.VULNERABILITY
    return is_vulnerability and not finding.cleared and finding.verdict is Verdict.UNKNOWN


def _known_before(finding: HeldFinding, published_at: datetime | None) -> bool:
    if published_at is None or finding.support_ends_on is None:
        return False
    return published_at.astimezone(UTC).date() <= finding.support_ends_on

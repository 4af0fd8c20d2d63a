"""The one table between our verdicts and the statuses of VEX formats, and between justifications.

Sources: OpenVEX 0.2.0, "Status Labels" and "Status Justifications"; CSAF 2.0, 3.2.3.9 (product
status) and 3.2.3.5 (flags); CycloneDX 1.6, `impactAnalysisState` and `impactAnalysisJustification`.
"""

from dataclasses import dataclass

from schemas.advisories import Status
from schemas.findings import Verdict


@dataclass(frozen=True, slots=True)
class Row:
    """One meaning in every vocabulary; of several words of a format the first is written.

    OpenVEX calls the status as our assertions do.
    """

    verdict: Verdict
    status: Status
    csaf: tuple[str, ...]
    cyclonedx: tuple[str, ...]


STATUSES = (
    Row(
        Verdict.AFFECTED,
        Status.AFFECTED,
        ("known_affected", "first_affected", "last_affected"),
        ("exploitable",),
    ),
    Row(
        Verdict.NOT_AFFECTED,
        Status.NOT_AFFECTED,
        ("known_not_affected",),
        ("not_affected", "false_positive"),
    ),
    Row(
        Verdict.FIXED,
        Status.FIXED,
        ("fixed", "first_fixed"),
        ("resolved", "resolved_with_pedigree"),
    ),
    Row(
        Verdict.UNKNOWN,
        Status.UNDER_INVESTIGATION,
        ("under_investigation",),
        ("in_triage",),
    ),
)
"""CSAF's `recommended` says which version to take, not whether it is affected: it has no row."""

JUSTIFICATIONS: dict[str, tuple[str, ...]] = {
    "component_not_present": ("requires_dependency",),
    "vulnerable_code_not_present": ("code_not_present",),
    "vulnerable_code_not_in_execute_path": ("code_not_reachable",),
    "vulnerable_code_cannot_be_controlled_by_adversary": (
        "requires_configuration",
        "requires_environment",
    ),
    "inline_mitigations_already_exist": (
        "protected_by_mitigating_control",
        "protected_by_compiler",
        "protected_at_runtime",
        "protected_at_perimeter",
    ),
}
"""The words of OpenVEX, which CSAF flags share, and those of CycloneDX; the first is written."""

BY_VERDICT = {row.verdict: row for row in STATUSES}
BY_STATUS = {row.status: row for row in STATUSES}
OF_CSAF = {word: row.status for row in STATUSES for word in row.csaf}
OF_CYCLONEDX = {word: row.status for row in STATUSES for word in row.cyclonedx}
JUSTIFIED_BY_CYCLONEDX = {word: ours for ours, words in JUSTIFICATIONS.items() for word in words}
EXPIRES = "patchvigil:expires_at"
"""No format has a field for when a statement lapses: this one, property or note, is ours."""
OURS = "urn:patchvigil:product:"
"""Before the id of one of our products, with an optional `@<version>` after it."""
NAMESPACE = "urn:patchvigil"
"""Of generic URIs and publishers in CSAF, where nobody names another."""

"""Tells vulnerabilities from what stands for one: missing inventory, and the end of support."""

from schemas.findings import FindingKind, VulnerabilityDescribed
from services.sbom_matcher.domain import inventory, support


def kind_of(vulnerability: str) -> FindingKind:
    """Say what the findings that hang on it are about."""
    if inventory.is_pseudo(vulnerability):
        return FindingKind.INVENTORY
    return FindingKind.SUPPORT if support.is_pseudo(vulnerability) else FindingKind.VULNERABILITY


def described(vulnerability: str) -> VulnerabilityDescribed | None:
    """Describe what stands for a vulnerability; None where it is one."""
    product = vulnerability.partition("/")[2]
    match kind_of(vulnerability):
        case FindingKind.INVENTORY:
            return inventory.describe(product)
        case FindingKind.SUPPORT:
            return support.describe(product)
        case FindingKind.VULNERABILITY:
            return None

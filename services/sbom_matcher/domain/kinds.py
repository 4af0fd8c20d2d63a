"""Names and describes what stands for a vulnerability and is none.

Findings on a missing inventory hang on `inventory/<product>`, those on the end of components'
support on `support/<product>`.
"""

from schemas.findings import FindingKind, VulnerabilityDescribed

_PREFIXES = {FindingKind.INVENTORY: "inventory/", FindingKind.SUPPORT: "support/"}


def name(kind: FindingKind, product: str) -> str:
    """Name what findings of this kind on a product hang on."""
    return _PREFIXES[kind] + product


def kind_of(vulnerability: str) -> FindingKind:
    """Say what the findings that hang on it are about."""
    for kind, prefix in _PREFIXES.items():
        if vulnerability.startswith(prefix):
            return kind
    return FindingKind.VULNERABILITY


def described(vulnerability: str) -> VulnerabilityDescribed | None:
    """Say in words what such findings mean and what ends them; None where it is a vulnerability."""
    product = vulnerability.partition("/")[2]
    match kind_of(vulnerability):
        case FindingKind.INVENTORY:
            title = f"What {product} contains is not known"
            words = (
                "No usable SBOM is held for these versions of "
                f"{product}, or components in one have identifiers that cannot be read: advisories "
                "cannot be matched against them. Submit an SBOM for each version named, with a "
                "package URL or CPE name and a version for each component."
            )
        case FindingKind.SUPPORT:
            title = f"Components of {product} lose their support"
            words = (
                f"The SBOM of a version of {product} states that nobody supports these components "
                "any more, or soon: then nobody publishes fixes for them, and nobody says which of "
                "their versions a new vulnerability bears on. Replace the component, or state a "
                "later end of support in the next SBOM with what it rests on."
            )
        case FindingKind.VULNERABILITY:
            return None
    return VulnerabilityDescribed(
        vulnerability=vulnerability, identifiers=(vulnerability,), title=title, description=words
    )

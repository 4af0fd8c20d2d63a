"""What a VEX document says of one finding, in words that every format shares."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from schemas.findings import Finding, FindingKind, Verdict
from schemas.vex import JUSTIFICATIONS, OURS
from services.sbom_matcher.domain import cpe, kinds, names, purl
from services.sbom_matcher.domain.versions.vers import VersError
from services.sbom_matcher.domain.versions.vers_ranges import vers_of

_NO_FIX = "No fix is known to us yet."


@dataclass(frozen=True, slots=True)
class Issued:
    """Of which product version a document speaks, who issues it and when.

    `namespace` is a URL of the issuer's, by which CSAF tells publishers apart.
    """

    product: str
    version: str
    author: str
    at: datetime
    namespace: str | None = None

    @property
    def reference(self) -> str:
        """The product version, as our own documents name it."""
        return f"{OURS}{self.product}@{self.version}"


@dataclass(frozen=True, slots=True)
class Said:
    """One statement: verdict, why, what to do, and in which versions of the component.

    `part` is the component's purl, or the CPE name by which it was met, None where the product
    itself is meant; `affected` are the component's affected versions as `vers:` ranges; `lapses` is
    when our own statement does; `fixed` tells that a version with a fix is known.
    """

    vulnerability: str
    part: str | None
    verdict: Verdict
    justification: str | None
    words: str | None
    action: str | None
    affected: tuple[str, ...]
    lapses: datetime | None
    fixed: bool = False


def statements(findings: Iterable[Finding], issued: Issued) -> tuple[Said, ...]:
    """What is said of each live finding of the product version, in a steady order.

    What an inventory lacks and whose support ends are no vulnerabilities, and are left out.
    """
    found = {
        _said(each)
        for each in findings
        if (each.product, each.version) == (issued.product, issued.version)
        and kinds.kind_of(each.vulnerability) is FindingKind.VULNERABILITY
    }
    return tuple(sorted(found, key=lambda each: (each.vulnerability, each.part or "", repr(each))))


def _said(finding: Finding) -> Said:
    justified = finding.verdict is Verdict.NOT_AFFECTED and finding.reason in JUSTIFICATIONS
    return Said(
        vulnerability=finding.vulnerability,
        part=_part(finding),
        verdict=finding.verdict,
        justification=finding.reason if justified else None,
        words=None if justified else finding.reason,
        action=_action(finding) if finding.verdict is Verdict.AFFECTED else None,
        affected=tuple(dict.fromkeys(_affected(finding))),
        lapses=min(
            (
                each.assertion.expires_at
                for each in finding.evidence
                if each.assertion.author and each.assertion.expires_at
            ),
            default=None,
        ),
        fixed=bool(finding.fixed_in),
    )


def _part(finding: Finding) -> str | None:
    if finding.component is None:
        return None
    if finding.component_purl and (package := purl.read(finding.component_purl)):
        if package.version or not finding.component_version:
            return str(package)
        return f"{package.bare()}@{quote(finding.component_version, safe='')}"
    met = [each.identifier or "" for each in finding.evidence]
    for ident in met:
        if name := cpe.of_key(ident, finding.component_version):
            return name
    version = f"@{quote(finding.component_version, safe='')}" if finding.component_version else ""
    spoken = next((names.parted(ident) for ident in met if names.parted(ident)), None)
    path = "/".join(quote(each, safe="") for each in spoken or (finding.component,))
    return f"pkg:generic/{path}{version}"


def _action(finding: Finding) -> str:
    words = [each.assertion.remediation for each in finding.evidence]
    fixed = f"Fixed in {', '.join(finding.fixed_in)}." if finding.fixed_in else None
    said = [each for each in (fixed, *words) if each]
    return " ".join(dict.fromkeys(said)) or _NO_FIX


def _affected(finding: Finding) -> Iterator[str]:
    """The ranges of the assertions that call it affected, where they can be written."""
    package = purl.read(finding.component_purl or "")
    if finding.verdict is not Verdict.AFFECTED or package is None:
        return
    for each in finding.evidence:
        if each.verdict is Verdict.AFFECTED and each.assertion.ranges:
            try:
                yield str(vers_of(package.type, each.assertion.ranges))
            except VersError:
                continue  # the part's own version says enough

"""Writes results for programs: as plain JSON, and as SARIF 2.1.0 for code scanning."""

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from schemas.findings import Verdict
from services.cli.one_shot.matching import Proof, Result
from services.cli.one_shot.severity import Severity

SARIF_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_HELP = "Update the component to a fixed version, or state in a VEX file why it is not affected."
"""GitHub's code scanning takes no rule without a full description and a help, and no place without
a line."""
_LEVELS = {Severity.UNKNOWN: "note", Severity.HIGH: "error", Severity.CRITICAL: "error"}


def row(result: Result) -> dict[str, Any]:
    """Write one result."""
    part = result.component
    return {
        "vulnerability": result.vulnerability,
        "aliases": list(result.aliases),
        "severity": result.severity.name.lower(),
        "score": result.score.base if result.score else None,
        "exploited": result.exploited,
        "component": part.name if part else None,
        "version": part.version if part else None,
        "purl": part.purl if part else None,
        "verdict": result.decision.verdict.value,
        "reason": result.decision.reason,
        "fixed_in": list(result.decision.fixed_in),
        "conflict": result.decision.conflict,
        "matcher": result.matcher,
        "evidence": [_evidence(each) for each in result.proofs],
    }


def _evidence(proof: Proof) -> dict[str, Any]:
    return {
        "advisory": proof.advisory,
        "url": proof.url,
        "asserter": proof.met.asserter,
        "matcher": proof.met.matcher.value,
        "verdict": proof.met.verdict.value,
        "reason": proof.met.reason,
        "assertion": proof.assertion.model_dump(mode="json", exclude_defaults=True),
    }


def uri_of(path: Path) -> str:
    """Write a file's path as a URI reference: relative as it was given, or with `file:`."""
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def sarif(results: Sequence[Result], artifact: Path) -> dict[str, Any]:
    """Write results as one SARIF run over the SBOM file `artifact`.

    What is not affected or fixed is a suppressed result: scanners then show that it was looked at.
    """
    rules = {each.vulnerability: _rule(each) for each in results}
    places = {name: place for place, name in enumerate(rules)}
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "patchvigil",
                        "version": version("patchvigil"),
                        "rules": list(rules.values()),
                    }
                },
                "results": [
                    _sarif_result(each, artifact, places[each.vulnerability]) for each in results
                ],
            }
        ],
    }


def _rule(result: Result) -> dict[str, Any]:
    urls: Iterable[str] = (each.url for each in result.proofs if each.url)
    rule: dict[str, Any] = {
        "id": result.vulnerability,
        "shortDescription": {"text": result.vulnerability},
        "fullDescription": {"text": f"{result.vulnerability} bears on what the SBOM lists."},
        "help": {"text": _HELP},
        "properties": {"aliases": list(result.aliases), "tags": ["security"]},
    }
    if result.score:
        rule["properties"]["security-severity"] = f"{result.score.base:.1f}"
    if url := next(iter(urls), None):
        rule["helpUri"] = url
    return rule


def _sarif_result(result: Result, artifact: Path, rule: int) -> dict[str, Any]:
    part, decision = result.component, result.decision
    name = f"{part.name} {part.version or ''}".strip() if part else "the product"
    why = f" ({decision.reason})" if decision.reason else ""
    mend = f"; fixed in {', '.join(decision.fixed_in)}" if decision.fixed_in else ""
    found: dict[str, Any] = {
        "ruleId": result.vulnerability,
        "ruleIndex": rule,
        "level": _LEVELS.get(result.severity, "warning" if result.severity else "none"),
        "message": {"text": f"{name}: {decision.verdict.value}{why}{mend}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri_of(artifact)},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [
                    {"name": name, "fullyQualifiedName": (part.purl if part else None) or name}
                ],
            }
        ],
        "partialFingerprints": {"vulnerabilityAndComponent/v1": f"{result.vulnerability} {name}"},
    }
    if decision.verdict in {Verdict.NOT_AFFECTED, Verdict.FIXED}:
        found |= {"kind": "pass", "level": "none"}  # by 3.27.10 only what fails has a level
        reason = decision.reason or decision.verdict.value
        found["suppressions"] = [{"kind": "external", "justification": reason}]
    return found

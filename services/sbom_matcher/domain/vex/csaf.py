"""Writes a CSAF 2.0 document of the VEX profile (`csaf_vex`): a product version and its parts.

CSAF 2.0, 4.5: every vulnerability says which products it affects and which not, why not (a flag or
an impact in words) and what to do (a remediation). A component is told inside the product version
by a relationship (3.2.2.4). When a statement of ours lapses has no field: a note says it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from schemas.findings import Verdict
from schemas.vex import BY_VERDICT, EXPIRES, NAMESPACE
from services.sbom_matcher.domain.vex.said import Issued, Said

_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}")
_CAUTION = (Verdict.AFFECTED, Verdict.UNKNOWN, Verdict.FIXED, Verdict.NOT_AFFECTED)
_WHOLE = "product"
_UNSAID = "Stated without a reason."


def write(said: Sequence[Said], issued: Issued) -> dict[str, Any]:
    """Write the statements; where two contradict each other on one part, the cautious one holds.

    A document that says nothing is no VEX by the profile: without statements it lists none.
    """
    parts = {
        part: f"part-{number}"
        for number, part in enumerate(dict.fromkeys(each.part for each in said if each.part), 1)
    }
    by_name: dict[str, dict[str | None, Said]] = {}
    for each in sorted(said, key=lambda one: _CAUTION.index(one.verdict)):
        by_name.setdefault(each.vulnerability, {}).setdefault(each.part, each)
    found: dict[str, Any] = {
        "document": _head(issued),
        "product_tree": _tree(issued, parts),
    }
    if by_name:
        found["vulnerabilities"] = [
            _vulnerability(name, by_name[name].values(), parts) for name in sorted(by_name)
        ]
    return found


def _head(issued: Issued) -> dict[str, Any]:
    at = issued.at.isoformat()
    return {
        "category": "csaf_vex",
        "csaf_version": "2.0",
        "publisher": {
            "category": "vendor",
            "name": issued.author,
            "namespace": issued.namespace or NAMESPACE,
        },
        "title": f"Vulnerabilities in {issued.product} {issued.version}",
        "tracking": {
            "id": f"{issued.product}@{issued.version}/vex",
            "initial_release_date": at,
            "current_release_date": at,
            # Written from what is known at this instant: it will change with it.
            "status": "interim",
            "version": "1",
            "revision_history": [{"date": at, "number": "1", "summary": "As known now."}],
            "generator": {"engine": {"name": "Patchvigil"}},
        },
    }


def _tree(issued: Issued, parts: dict[str, str]) -> dict[str, Any]:
    named = f"{issued.product} {issued.version}"
    product = {
        "name": named,
        "product_id": _WHOLE,
        "product_identification_helper": {
            "x_generic_uris": [{"namespace": NAMESPACE, "uri": issued.reference}]
        },
    }
    version = {"category": "product_version", "name": issued.version, "product": product}
    line = {"category": "product_name", "name": issued.product, "branches": [version]}
    tree: dict[str, Any] = {
        "branches": [{"category": "vendor", "name": issued.author, "branches": [line]}]
    }
    if parts:
        tree["full_product_names"] = [
            {
                "name": part,
                "product_id": f"{name}-alone",
                "product_identification_helper": {
                    "purl" if part.startswith("pkg:") else "cpe": part
                },
            }
            for part, name in parts.items()
        ]
        tree["relationships"] = [
            {
                "category": "default_component_of",
                "product_reference": f"{name}-alone",
                "relates_to_product_reference": _WHOLE,
                "full_product_name": {"name": f"{part} in {named}", "product_id": name},
            }
            for part, name in parts.items()
        ]
    return tree


def _vulnerability(name: str, said: Iterable[Said], parts: dict[str, str]) -> dict[str, Any]:
    listed = [(parts[each.part] if each.part else _WHOLE, each) for each in said]
    identified = (
        {"cve": name}
        if _CVE.fullmatch(name)
        else {"ids": [{"system_name": name.partition("-")[0] or name, "text": name}]}
    )
    found: dict[str, Any] = {**identified, "notes": list(_notes(listed)), "product_status": {}}
    for product, each in listed:
        status = BY_VERDICT[each.verdict].csaf[0]
        found["product_status"].setdefault(status, []).append(product)
        if each.justification:
            flag = {"label": each.justification, "product_ids": [product]}
            found.setdefault("flags", []).append(flag)
        elif each.verdict is Verdict.NOT_AFFECTED:
            impact = {"category": "impact", "details": each.words or _UNSAID}
            found.setdefault("threats", []).append({**impact, "product_ids": [product]})
        if each.action:
            remedy = "vendor_fix" if each.fixed else "none_available"
            found.setdefault("remediations", []).append(
                {"category": remedy, "details": each.action, "product_ids": [product]}
            )
    return found


def _notes(listed: Iterable[tuple[str, Said]]) -> Iterable[dict[str, str]]:
    yield {"category": "other", "title": "Source", "text": "Written from findings by Patchvigil."}
    for product, each in listed:
        if each.words and each.verdict is not Verdict.NOT_AFFECTED:
            yield {"category": "other", "title": f"Reason for {product}", "text": each.words}
        if each.lapses:
            title = f"{EXPIRES} {product}"
            yield {"category": "other", "title": title, "text": each.lapses.isoformat()}

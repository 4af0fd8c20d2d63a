"""Shows a case to a person: what stands, what waits for whom, what keeps it open."""

from collections.abc import Mapping
from typing import Any

from services.cli.printing import document, out, table

SECTIONS: Mapping[str, list[str]] = {
    "risk": ["product", "band", "confirmed", "score", "ground", "assessed_by"],
    "clocks": ["label", "product", "kind", "mode", "state", "due", "confidence", "clock"],
    "assessments": ["product", "verdict", "assessed_by", "assessed_at", "aware_at", "ground"],
    "incident_assessments": [
        "product", "report", "regime", "reportable", "harm", "assessed_by", "aware_at", "ground",
    ],
    "decisions": [
        "question", "product", "outcome", "decided_by", "decided_at", "happened_at", "ground",
    ],
    "measures": [
        "measure", "kind", "category", "title", "products", "target_version", "planned_by",
        "approved_by", "available_at",
    ],
    "pathways": ["product", "measure", "category", "decided_by", "decided_at", "ground"],
    "evidence": [
        "evidence", "gate", "reference", "product", "recorded_by", "valid_until", "revoked_at",
        "revocation_ground",
    ],
    "gates": ["campaign", "wave", "gate", "verdict", "reason", "valid_until"],
    "campaigns": ["campaign", "product", "state"],
    "coverage": ["product", "covered", "total"],
    "signals": ["source", "reporter", "identifier", "received_at", "withdrawn_at", "evidence"],
    "exploit_scores": ["identifier", "model", "probability", "percentile", "observed_on"],
    "reports": ["report", "incident", "title", "product", "version", "harm", "received_at"],
    "scope": ["product", "version", "status", "verdicts", "components", "unsupported", "held_at"],
    "waiting": ["question", "product", "title", "outcomes", "roles", "since", "blocks_closing"],
}  # fmt: skip
"""What is shown of each list, in this order; `--json` has all of it."""

OPEN = ["kind", "name", "closing_as", "detail", "mend"]


def show(case: Mapping[str, Any]) -> None:
    """Print a case; lists that hold nothing are left out."""
    aside = {*SECTIONS, "open_for"}
    document({name: held for name, held in case.items() if name not in aside})
    for name, columns in SECTIONS.items():
        rows = last_answers(case[name]) if name == "gates" else case[name]
        if rows:
            out.print()
            table(rows, columns, title=name.replace("_", " "))
    out.print()
    table(still_open(case["open_for"]), OPEN, title="open before it can close")


def last_answers(gates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give what each gate said last to each wave, a row a gate."""
    last = {(each["campaign"], each["wave"]): each for each in gates}
    return [
        {"campaign": campaign, "wave": wave, **answer}
        for (campaign, wave), each in last.items()
        for answer in each["answers"]
    ]


def still_open(by_outcome: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Give each thing that is open once, with the outcomes that it keeps from."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for outcome, still in by_outcome.items():
        for each in still:
            row = found.setdefault((each["kind"], each["name"]), {**each, "closing_as": []})
            row["closing_as"].append(outcome)
    return list(found.values())

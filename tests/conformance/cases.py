"""Reads the cases, and says of an answer whether it is right and which wrong reading it took."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("cases.yaml")

FIELDS = ("due_operational", "due_legal_outer")


@dataclass(frozen=True, slots=True)
class Case:
    """What is known, which deadlines follow, and why in law; None: there is none (yet)."""

    id: str
    group: str
    rule: str
    runs_from: str
    facts: Mapping[str, str]
    anchor: str | None
    zone: str
    country: str
    due_operational: str | None
    due_legal_outer: str | None
    law: str
    wrong: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one case was answered. `right` names the fields that were; `said` is what was not."""

    case: Case
    right: frozenset[str]
    said: str = ""


@cache
def cases() -> tuple[Case, ...]:
    """Every case, in the order of the file."""
    return tuple(Case(**raw) for raw in yaml.safe_load(FILE.read_text("utf-8"))["cases"])


def judged(case: Case, output: str, names: Mapping[str, str]) -> Verdict:
    """Hold an answer to a case; `names` gives the answer's own name of each field, dotted."""
    try:
        answer = json.loads(output)
    except ValueError:
        return Verdict(case, frozenset(), f"no JSON: {output.strip()[:120]!r}")
    if not isinstance(answer, dict):
        return Verdict(case, frozenset(), "no JSON object")
    given = {each: _instant(_picked(answer, names[each])) for each in FIELDS}
    wanted = {each: _instant(getattr(case, each)) for each in FIELDS}
    right = frozenset(each for each in FIELDS if given[each] == wanted[each])
    told = [f"{each}: {given[each]}, not {wanted[each]}" for each in FIELDS if each not in right]
    trap = next((name for name, at in case.wrong.items() if _instant(at) in given.values()), None)
    if trap is not None and told:
        told.append(f"as if: {trap}")
    return Verdict(case, right, "; ".join(told))


def _picked(answer: Any, path: str) -> Any:
    for part in path.split("."):
        answer = answer.get(part) if isinstance(answer, dict) else None
    return answer


def _instant(text: Any) -> str | None:
    """An instant in UTC, as both sides are compared; what is none compares unequal."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return f"{text!r} is no instant"
    if at.tzinfo is None:
        return f"{text!r} has no zone"
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

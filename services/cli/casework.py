"""Sends what a person does in a case to triage."""

from collections.abc import Mapping
from typing import Any

from services.cli.door import door, part


def post(who: str | None, case: str, path: str, body: Mapping[str, Any]) -> Any:
    """Post an act on a case, less what was not given, and give the answer."""
    given = {name: value for name, value in body.items() if value is not None}
    return door(who).post("triage", f"/v1/cases/{part(case)}{path}", given)

"""Reads the escalation policy: chains of steps, from its pack."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from schemas.clocks import RuleKind, Severity
from services.deadline_clock.domain.escalation import (
    Chain,
    DraftState,
    Escalation,
    Repeat,
    Step,
    length,
)
from services.deadline_clock.domain.pack_checks import head_days
from services.deadline_clock.domain.pack_document import Document, PackError, read, validate
from services.deadline_clock.domain.rules import About, Unit


def parse_escalation(name: str, text: str, schema: str) -> Escalation:
    """Read the escalation policy.

    Raises:
        PackError: it is not YAML, does not fit the schema, or gives a day that there is not.
    """
    document = read(name, text)
    validate(document, schema)
    if faults := list(head_days(document)):
        raise PackError("\n".join(faults))
    content = document.content
    return Escalation(_about(document), tuple(_chain(raw) for raw in content["chains"]))


def _about(document: Document) -> About:
    content = document.content
    return About(
        id=content["id"],
        version=content["version"],
        kind=RuleKind(content["kind"]),
        title=content["title"],
        source=content["source"],
        source_date=date.fromisoformat(content["source_date"]),
        owner=content["owner"],
        review_on=date.fromisoformat(content["review_on"]),
        sha256=document.sha256,
    )


def _chain(raw: Mapping[str, Any]) -> Chain:
    return Chain(
        id=raw["id"],
        steps=tuple(
            Step(
                each["at"],
                Severity(each["severity"]),
                tuple(each["to"]),
                each.get("ignore_ack", False),
                DraftState.named(each["if_draft_below"]) if "if_draft_below" in each else None,
            )
            for each in raw["steps"]
        ),
        repeat=tuple(
            Repeat(length(each["every"]), length(each["until"])) for each in raw.get("repeat", ())
        ),
        kinds=tuple(RuleKind(kind) for kind in raw.get("kinds", ())),
        unit=Unit(raw["unit"]) if "unit" in raw else None,
        up_to=raw.get("up_to"),
        initial_load=raw.get("initial_load", False),
    )

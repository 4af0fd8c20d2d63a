"""Reads the escalation policy: chains of steps, from its pack."""

from collections.abc import Mapping
from typing import Any

from schemas.clocks import RuleKind, Severity
from services.deadline_clock.domain.escalation import Chain, Escalation, Repeat, Step, length
from services.deadline_clock.domain.pack_document import read, validate
from services.deadline_clock.domain.rules import Unit


def parse_escalation(name: str, text: str, schema: str) -> Escalation:
    """Read the escalation policy.

    Raises:
        PackError: it is not YAML or does not fit the schema.
    """
    document = read(name, text)
    validate(document, schema)
    content = document.content
    return Escalation(
        f"{content['id']}@{content['version']}", tuple(_chain(raw) for raw in content["chains"])
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

"""Loads the packs that ship with the service; a broken one refuses the start with its fault."""

import importlib.resources
from dataclasses import dataclass
from functools import lru_cache

from services.deadline_clock.domain.escalation import Escalation
from services.deadline_clock.domain.escalation_pack import parse_escalation
from services.deadline_clock.domain.packs import parse_rules, rule_book
from services.deadline_clock.domain.rules import RuleBook

_ESCALATION = "escalation.yaml"


@dataclass(frozen=True, slots=True)
class Library:
    """The rules and the escalation policy in force."""

    book: RuleBook
    escalation: Escalation


@lru_cache(maxsize=1)
def library() -> Library:
    """Read every pack of `packs/`.

    Raises:
        PackError: a pack cannot be used; the message names file, line, rule and mend.
    """
    folder = importlib.resources.files("services.deadline_clock") / "packs"
    schema = (folder / "rules.schema.json").read_text("utf-8")
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".yaml"))
    packs = [
        parse_rules(name, (folder / name).read_text("utf-8"), schema)
        for name in names
        if name != _ESCALATION
    ]
    escalation = parse_escalation(
        _ESCALATION,
        (folder / _ESCALATION).read_text("utf-8"),
        (folder / "escalation.schema.json").read_text("utf-8"),
    )
    return Library(rule_book(packs, escalation), escalation)

"""Reads packs from YAML against their JSON Schema; a fault names file, line, rule and mend."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import available_timezones

import jsonschema_rs
import yaml

from schemas.clocks import MetBy, RuleKind, Severity
from services.deadline_clock.domain.escalation import Chain, Escalation, Repeat, Step, length
from services.deadline_clock.domain.rules import (
    MAIN_ESTABLISHMENT,
    AnchorName,
    CalendarName,
    Confidence,
    Ends,
    Pack,
    Period,
    Regime,
    Roll,
    Rule,
    RuleBook,
    Status,
    Trigger,
    Unit,
)


class PackError(Exception):
    """A pack cannot be used; the message names file, line, rule, reason and mend."""


_MENDS = {
    "required": "add the field",
    "const": "take the allowed value",
    "additionalProperties": "remove the field or check its spelling",
}


class _Loader(yaml.SafeLoader):
    """YAML without dates: they stay text, as the JSON Schema reads them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class _Document:
    name: str
    content: Any
    tree: yaml.Node
    sha256: str

    def where(self, path: Sequence[str | int]) -> str:
        """File, line and rule of a place in the document."""
        node, line = self.tree, self.tree.start_mark.line
        for part in path:
            child = _child(node, part)
            if child is None:
                break
            node, line = child, child.start_mark.line
        place = f"{self.name}:{line + 1}"
        if len(path) > 1 and path[0] in {"rules", "chains"}:
            entry = self.content[path[0]][path[1]]
            named = entry.get("id") if isinstance(entry, Mapping) else None
            place += f" {str(path[0])[:-1]} {named or path[1]}"
        return place


def _child(node: yaml.Node, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        child: yaml.Node = node.value[part]
        return child
    return None


def _read(name: str, text: str) -> _Document:
    try:
        tree = yaml.compose(text, Loader=_Loader)
        content = yaml.load(text, Loader=_Loader)  # noqa: S506  (a SafeLoader with fewer types)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        reason = getattr(error, "problem", None) or str(error)
        raise PackError(f"{name}{line}: not YAML: {reason}; mend the syntax there") from error
    if tree is None:
        raise PackError(f"{name}: is empty; a pack starts with id, version and kind")
    document = _Document(name, content, tree, hashlib.sha256(text.encode()).hexdigest())
    _refuse_repeated_keys(document, tree)
    return document


def _refuse_repeated_keys(document: _Document, node: yaml.Node) -> None:
    """YAML keeps the last of two equal keys in silence; in a rule of law that is a fault."""
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _refuse_repeated_keys(document, child)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise PackError(f"{document.name}:{line}: {key.value} is given twice; remove one")
            seen.add(key.value)
            _refuse_repeated_keys(document, value)


def _validate(document: _Document, schema: str) -> None:
    validator = jsonschema_rs.Draft202012Validator(json.loads(schema))
    faults = [_fault(document, error) for error in validator.iter_errors(document.content)]
    if faults:
        raise PackError("\n".join(sorted(faults)))


def _fault(document: _Document, error: jsonschema_rs.ValidationError) -> str:
    path = list(error.instance_path)
    field = "/".join(map(str, path)) or "pack"
    return f"{document.where(path)}: {field}: {error.message}; {_mend(error)}"


def _mend(error: jsonschema_rs.ValidationError) -> str:
    kind = error.kind
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Enum):
        return f"take one of {', '.join(map(str, kind.options))}"
    return _MENDS.get(kind.name, "see the pack's JSON Schema")


def parse_rules(name: str, text: str, schema: str) -> Pack:
    """Read a pack of obligations.

    Raises:
        PackError: it is not YAML, does not fit the schema, or contradicts itself.
    """
    document = _read(name, text)
    _validate(document, schema)
    content = document.content
    reference = f"{content['id']}@{content['version']}"
    kind = RuleKind(content["kind"])
    _refuse_contradictions(document)
    return Pack(
        **_head(document),
        kind=kind,
        sha256=document.sha256,
        rules=tuple(_rule(raw, reference, kind) for raw in content["rules"]),
    )


def _head(document: _Document) -> dict[str, Any]:
    content = document.content
    return {
        "id": content["id"],
        "version": content["version"],
        "title": content["title"],
        "source": content["source"],
        "owner": content["owner"],
        "source_date": _date(document, "source_date", content["source_date"]),
        "review_on": _date(document, "review_on", content["review_on"]),
    }


def _date(document: _Document, field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        where = document.where([field])
        raise PackError(f"{where}: {field}: {text} is no day; write YYYY-MM-DD") from error


def _refuse_contradictions(document: _Document) -> None:
    faults: list[str] = []
    seen: set[str] = set()
    zones = available_timezones()
    for position, raw in enumerate(document.content["rules"]):
        where = document.where(["rules", position])
        for field in ("applies_from", "applies_until"):
            if field in raw:
                _date(document, field, raw[field])
        if raw["id"] in seen:
            faults.append(f"{where}: the id is taken; each rule needs its own")
        seen.add(raw["id"])
        if raw["zone"] != MAIN_ESTABLISHMENT and raw["zone"] not in zones:
            faults.append(f"{where}: zone: {raw['zone']} is no IANA zone; try Europe/Brussels")
        if raw.get("applies_until", "9999-12-31") < raw.get("applies_from", "0001-01-01"):
            faults.append(f"{where}: applies_until is before applies_from; swap them")
        if raw.get("supersedes") == raw["id"]:
            faults.append(f"{where}: supersedes itself; name the rule it replaces")
    if faults:
        raise PackError("\n".join(faults))


def _rule(raw: Mapping[str, Any], pack: str, kind: RuleKind) -> Rule:
    return Rule(
        id=raw["id"],
        pack=pack,
        kind=kind,
        label=raw["label"],
        status=Status(raw["status"]),
        regime=Regime(raw["regime"]),
        role=raw["role"],
        trigger=Trigger(raw["trigger"]),
        anchor=AnchorName(raw["anchor"]),
        period=Period(
            raw["period"],
            Unit(raw["unit"]),
            CalendarName(raw["calendar"]),
            Roll(raw["roll"]),
            Ends(raw["ends"]),
        ),
        zone=raw["zone"],
        met_by=MetBy(raw["met_by"]),
        authority=raw["authority"],
        source=raw["source"],
        confidence=Confidence(raw["confidence"]),
        applies_from=date.fromisoformat(raw["applies_from"]) if "applies_from" in raw else None,
        applies_until=date.fromisoformat(raw["applies_until"]) if "applies_until" in raw else None,
        stage=raw.get("stage"),
        template=raw.get("template"),
        question=raw.get("question"),
        band=raw.get("band"),
        measure_kinds=tuple(raw.get("measure_kinds", ())),
        coverage_percent=float(raw.get("coverage_percent", 100)),
        content=tuple(raw.get("content", ())),
        supersedes=raw.get("supersedes"),
        notes=raw.get("notes", ""),
    )


def parse_escalation(name: str, text: str, schema: str) -> Escalation:
    """Read the escalation policy.

    Raises:
        PackError: it is not YAML or does not fit the schema.
    """
    document = _read(name, text)
    _validate(document, schema)
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


def rule_book(packs: Iterable[Pack], escalation: Escalation) -> RuleBook:
    """Join packs; refuse rule ids that two share, and rules that no escalation chain fits.

    Raises:
        PackError: the packs do not go together.
    """
    book = RuleBook(tuple(packs))
    owners: dict[str, str] = {}
    for rule in book:
        if rule.id in owners:
            raise PackError(
                f"{rule.pack}: rule {rule.id} is also in {owners[rule.id]}; rename one of them"
            )
        owners[rule.id] = rule.pack
        for initial_load in (False, True):
            try:
                escalation.chain(rule, initial_load=initial_load)
            except LookupError as error:
                raise PackError(f"{escalation.reference}: {error}; add a chain for it") from error
    for rule in book:
        if rule.supersedes is not None and not re.match(r"^[\w.]+$", rule.supersedes):
            raise PackError(f"{rule.pack}: {rule.id} supersedes no rule id: {rule.supersedes}")
    return book

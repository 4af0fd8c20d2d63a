"""Reads a pack's YAML against its JSON Schema; a fault names file, line, rule and mend."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import yaml


class PackError(Exception):
    """A pack cannot be used; the message names file, line, rule, reason and mend."""


_MENDS = {
    "required": "add the field",
    "const": "take the allowed value",
    "additionalProperties": "remove the field or check its spelling",
    "type": "write a value of that type; text that looks like a number needs quotes",
}

_SAID = {
    ("not", "regime"): (
        "the regime company is for policy alone",
        "name the regime of the law or guidance, or make it a policy pack",
    ),
    ("not", ""): (
        "anchor_rule stands beside the anchor filed_at alone",
        "leave anchor_rule out, or anchor the rule at filed_at",
    ),
    ("contains", "steps"): (
        "no step is the deadline's own",
        "add a step at T+0: the deadline is always told",
    ),
}
"""Reason and mend where the validator's own words are no help; by its check and the field."""


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader in C where PyYAML was built with it: the calculator reads every pack at each call."""


class _Loader(_Base):  # type: ignore[misc]
    """YAML without dates: they stay text, as the JSON Schema reads them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Document:
    """A pack's text as it was read, with its tree for the lines."""

    name: str
    content: Any
    tree: yaml.Node
    sha256: str

    def line(self, path: Sequence[str | int]) -> int:
        """The line of a place in the document, or of the last part of its path that there is."""
        node, line = self.tree, self.tree.start_mark.line
        for part in path:
            child = _child(node, part)
            if child is None:
                break
            node, line = child, child.start_mark.line
        return int(line) + 1

    def where(self, path: Sequence[str | int]) -> str:
        """File, line and rule of a place in the document."""
        place = f"{self.name}:{self.line(path)}"
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


def read(name: str, text: str) -> Document:
    """Read YAML.

    Raises:
        PackError: it is not YAML, is empty, or gives a key twice.
    """
    try:
        _refuse_odd_shapes(name, text)
        loader = _Loader(text)
        tree = loader.get_single_node()
        content = loader.construct_document(tree) if tree is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        reason = getattr(error, "problem", None) or str(error)
        raise PackError(f"{name}{line}: not YAML: {reason}; mend the syntax there") from error
    if tree is None:
        raise PackError(f"{name}: is empty; a pack starts with id, version and kind")
    document = Document(name, content, tree, hashlib.sha256(text.encode()).hexdigest())
    _refuse_repeated_keys(document, tree)
    return document


_DEEPEST = 20
"""Levels of nesting; a pack has six."""


def _refuse_odd_shapes(name: str, text: str) -> None:
    """An alias can make a document larger than it looks, or hold itself; a pack needs none."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise PackError(f"{name}:{line}: an alias (*); write out what it stands for")
        if depth > _DEEPEST:
            raise PackError(f"{name}:{line}: nested too deeply; a pack has a few levels")


def _refuse_repeated_keys(document: Document, node: yaml.Node) -> None:
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


def validate(document: Document, schema: str) -> None:
    """Hold a document to its JSON Schema.

    Raises:
        PackError: it does not fit; one line a fault.
    """
    validator = jsonschema_rs.Draft202012Validator(json.loads(schema))
    faults = [_fault(document, error) for error in validator.iter_errors(document.content)]
    if faults:
        raise PackError("\n".join(text for _, text in sorted(faults)))


def _fault(document: Document, error: jsonschema_rs.ValidationError) -> tuple[int, str]:
    """The line of a fault, and how it reads."""
    path = list(error.instance_path)
    field = "/".join(map(str, path)) or "pack"
    last = path[-1] if path and isinstance(path[-1], str) else ""
    reason, mend = _SAID.get((error.kind.name, last)) or (error.message, _mend(error))
    text = f"{document.where(path)}: {field}: {reason}; {mend}"
    return document.line(path), text


def _mend(error: jsonschema_rs.ValidationError) -> str:
    kind = error.kind
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Enum):
        return f"take one of {', '.join(map(str, kind.options))}"
    return _MENDS.get(kind.name, "see the pack's JSON Schema")

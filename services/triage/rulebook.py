"""Reads triage's policy packs from `packs/`; what is wrong with one is said with line and field."""

import importlib.resources
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from services.triage.domain.packs import (
    ChangePathways,
    ClinicalBands,
    DecisionQuestions,
    GatePolicy,
    Pack,
)

PackT = TypeVar("PackT", bound=Pack)


class PackError(Exception):
    """A policy pack cannot be used; the message names file, line, field and reason."""


def parse(name: str, text: str, kind: type[PackT]) -> PackT:
    """Read one pack.

    Raises:
        PackError: it is not YAML, or a field of it is missing, unknown or wrong.
    """
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        raise PackError(f"{name}{line}: not YAML: {getattr(error, 'problem', error)}") from error
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        faults = (
            f"{name}:{_line(tree, fault['loc'])}: {_field(fault['loc'])}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise PackError("\n".join(faults)) from error


def _field(location: Sequence[int | str]) -> str:
    return ".".join(map(str, location)) or "pack"


def _line(node: Any, location: Sequence[int | str]) -> int:
    """The line of the deepest part of the document that the location still names."""
    line = node.start_mark.line + 1 if node is not None else 1
    for step in location:
        child = _child(node, step)
        if child is None:
            break
        node = child
        line = node.start_mark.line + 1
    return line


def _child(node: Any, step: int | str) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None


def _read(name: str, kind: type[PackT]) -> PackT:
    source = importlib.resources.files("services.triage") / "packs" / name
    return parse(name, source.read_text("utf-8"), kind)


@lru_cache
def clinical_bands() -> ClinicalBands:
    """The bands and timelines of clinical risk."""
    return _read("clinical-bands.yaml", ClinicalBands)


@lru_cache
def change_pathways() -> ChangePathways:
    """What each kind of change asks in the US and the EU."""
    return _read("change-pathways.yaml", ChangePathways)


@lru_cache
def decision_questions() -> DecisionQuestions:
    """The questions that wait for a person."""
    return _read("decisions.yaml", DecisionQuestions)


@lru_cache
def gate_policy() -> GatePolicy:
    """The gates of a wave, and the coverage that verifies the field."""
    return _read("gates.yaml", GatePolicy)

"""Freezes the contracts as released: a copy of each schema and a golden record of each event.

Run by `python -m tests.contract.release` when a version is released. It writes what is not there
yet and never touches an older file: a released record must parse for ever.
"""

import json
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from schemas.event import Event
from schemas.generate import json_schema
from schemas.registry import EVENTS

RELEASED = Path(__file__).parent / "released"
GOLDEN = Path(__file__).parent / "golden"
INSTANT = datetime(2026, 11, 20, 15, 42, 10, tzinfo=UTC)


def example(model: type[BaseModel]) -> dict[str, Any]:
    """Fill every field of a model, optional ones too, with a plausible fixed value."""
    return {name: _value(name, field) for name, field in model.model_fields.items()}


def _value(name: str, field: FieldInfo) -> Any:
    limits = {type(limit).__name__: limit for limit in field.metadata}
    if "Ge" in limits and field.annotation in (int, float):
        return max(limits["Ge"].ge, 1)
    return _example(name, field.annotation)


def _example(name: str, annotation: Any) -> Any:  # noqa: PLR0911 - one line a kind of field
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return _example(name, next(kind for kind in arguments if kind is not type(None)))
    if origin is tuple:
        return [_example(name, kind) for kind in arguments if kind is not Ellipsis]
    if origin is dict:
        return {_example(name, arguments[0]): _example(name, arguments[1])}
    if origin is not None:
        return _example(name, arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return example(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return next(iter(annotation)).value
    plain = {bool: True, int: 1, float: 1.0, AwareDatetime: INSTANT, date: "2026-11-20"}
    return plain.get(annotation, f"a {name.replace('_', ' ')}")


def freeze() -> None:
    """Write the released schema and golden record of each event that has none."""
    for folder in (RELEASED, GOLDEN):
        folder.mkdir(exist_ok=True)
    for event in EVENTS.values():
        _keep(RELEASED / f"{event.TYPE}.json", json_schema(event))
        _keep(GOLDEN / f"{event.TYPE}.json", _golden(event))


def _golden(event: type[Event]) -> dict[str, Any]:
    record = event.model_validate(example(event)).model_dump(mode="json")
    if not isinstance(record, dict):
        raise TypeError(event.TYPE)
    return record


def _keep(path: Path, document: dict[str, Any]) -> None:
    if not path.exists():
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    freeze()

"""The contracts are complete, documented, free of drift, and compatible with what was released."""

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from schemas.event import Event, Tombstone, Value
from schemas.generate import asyncapi, json_schema, render
from schemas.registry import EVENTS, TOMBSTONES
from schemas.topics import SERVICES, TOPICS
from tests.contract.compatibility import breaks
from tests.contract.release import GOLDEN, RELEASED

TYPES = sorted(EVENTS)


def _models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """Every model an event is made of, itself included."""
    found = {model}
    for field in model.model_fields.values():
        for part in re.findall(r"schemas\.\w+\.(\w+)", str(field.annotation)):
            nested = next((kind for kind in Value.__subclasses__() if kind.__name__ == part), None)
            if nested is not None and nested not in found:
                found |= _models(nested)
    return found


@pytest.mark.parametrize("name", TYPES)
def test_every_event_has_a_version_a_declared_topic_and_frozen_fields(name: str) -> None:
    event = EVENTS[name]
    assert re.fullmatch(r"[a-z]+\.[a-z_]+\.v\d+", name)
    assert event.TOPIC in TOPICS
    assert event.model_config["frozen"] is True


@pytest.mark.parametrize("name", TYPES)
def test_every_field_of_an_event_is_documented(name: str) -> None:
    for model in _models(EVENTS[name]):
        assert model.__doc__, model
        for field, info in model.model_fields.items():
            assert info.description, f"{model.__name__}.{field}"


def test_every_event_class_is_in_the_catalogue() -> None:
    def leaves(kind: type[Event]) -> set[type[Event]]:
        below = kind.__subclasses__()
        return {kind} if not below else {leaf for sub in below for leaf in leaves(sub)}

    ours = {event for event in leaves(Event) if event.__module__.startswith("schemas.")}
    assert ours == set(EVENTS.values())


@pytest.mark.parametrize("name", sorted(TOMBSTONES))
def test_every_tombstone_has_a_type_of_its_own_on_a_compacted_topic(name: str) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+\.v\d+", name)
    assert name not in EVENTS
    assert TOPICS[TOMBSTONES[name].TOPIC].compacted
    ours = {kind for kind in Tombstone.__subclasses__() if kind.__module__.startswith("schemas.")}
    assert ours == set(TOMBSTONES.values())


def test_every_message_of_the_asyncapi_document_that_ends_a_key_has_no_value() -> None:
    messages = asyncapi()["components"]["messages"]
    ends = [name for name, each in messages.items() if each["payload"].get("type") == "null"]
    assert ends == sorted(TOMBSTONES)


def test_generated_files_are_those_the_contracts_give() -> None:
    drifted = [
        path.name
        for path, text in render().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert drifted == [], "run `make schemas` and commit what it writes"


@pytest.mark.parametrize("name", TYPES)
def test_a_contract_is_compatible_with_its_released_copy(name: str) -> None:
    released = json.loads((RELEASED / f"{name}.json").read_text(encoding="utf-8"))
    assert breaks(released, json_schema(EVENTS[name])) == []


def _as_recorded(kept: Any, record: Any) -> Any:
    """What is kept of a record, without the fields that were added since it was written."""
    if isinstance(record, dict) and isinstance(kept, dict):
        return {key: _as_recorded(kept.get(key), value) for key, value in record.items()}
    if isinstance(record, list) and isinstance(kept, list) and len(record) == len(kept):
        return [_as_recorded(one, other) for one, other in zip(kept, record, strict=True)]
    return kept


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_a_golden_record_of_a_released_version_still_parses_and_keeps_its_values(path: Any) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    event = EVENTS[path.stem].model_validate(record)
    kept = event.model_dump(mode="json")
    assert _as_recorded(kept, record) == record
    assert event.key


def test_a_naive_instant_is_refused_and_any_zone_becomes_utc() -> None:
    opened = EVENTS["case.opened.v1"]
    record = json.loads((GOLDEN / "case.opened.v1.json").read_text(encoding="utf-8"))
    with pytest.raises(ValidationError):
        opened.model_validate({**record, "opened_at": "2026-11-20T16:42:10"})
    event = opened.model_validate({**record, "opened_at": "2026-11-20T16:42:10+01:00"})
    assert event.model_dump(mode="json")["opened_at"] == "2026-11-20T15:42:10Z"


def test_an_unknown_field_is_ignored_so_that_producers_may_be_newer() -> None:
    record = json.loads((GOLDEN / "case.closed.v1.json").read_text(encoding="utf-8"))
    assert EVENTS["case.closed.v1"].model_validate({**record, "later": 1}) == EVENTS[
        "case.closed.v1"
    ].model_validate(record)


def test_every_topic_has_one_owner_and_only_inbound_ones_belong_to_the_outside() -> None:
    for topic in TOPICS.values():
        owners = [user for user in topic.written_by if user in SERVICES]
        inbound = topic.name.startswith(("submissions", "device-reports"))
        assert len(owners) == 1 or inbound, topic.name
        assert inbound or set(topic.written_by) <= set(SERVICES), topic.name


BREAKING: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("removed", {"properties": {"a": {"type": "string"}}}, {"properties": {}}),
    (
        "changed",
        {"properties": {"a": {"type": "string"}}},
        {"properties": {"a": {"type": "integer"}}},
    ),
    ("required", {"properties": {}}, {"properties": {"a": {}}, "required": ["a"]}),
    ("lost", {"enum": ["a", "b"]}, {"enum": ["a"]}),
    (
        "tightened",
        {"properties": {"a": {"maxLength": 9}}},
        {"properties": {"a": {"maxLength": 8}}},
    ),
]


@pytest.mark.parametrize(("word", "before", "after"), BREAKING, ids=[case[0] for case in BREAKING])
def test_the_comparison_names_a_breaking_change(
    word: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    (problem,) = breaks(before, after)
    assert word in problem

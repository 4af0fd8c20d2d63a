"""Pointers into a request's body, from where pydantic says that something is wrong."""

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from services.kit.problems import pointer


class Patch(BaseModel):
    kind: Literal["patch"]
    files: list[str]


class Workaround(BaseModel):
    kind: Literal["workaround"]
    text: str


class Body(BaseModel):
    measure: Annotated[Patch | Workaround, Field(discriminator="kind")]


def places(body: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Body).validate_python(body)
    return [pointer(error["loc"], body) for error in caught.value.errors()]


def test_a_unions_tag_is_no_part_of_the_pointer() -> None:
    assert places({"measure": {"kind": "patch", "files": ["a", 5]}}) == ["/measure/files/1"]
    assert places({"measure": {"kind": "workaround"}}) == ["/measure/text"]


def test_missing_and_unknown_fields_are_pointed_at() -> None:
    assert places({}) == ["/measure"]
    assert places({"measure": {"kind": "magic"}}) == ["/measure"]


@given(st.text(min_size=1))
def test_names_are_escaped_as_rfc_6901_says(name: str) -> None:
    found = pointer([name], {name: 1})
    assert found.startswith("/")
    assert found[1:].replace("~1", "/").replace("~0", "~") == name

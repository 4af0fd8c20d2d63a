"""Whatever the bytes, a parser answers with values or with the declared error."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.formats import sniff
from services.intake.formats.error import FormatError
from services.intake.formats.reading import MAX_DEPTH
from tests.component.intake import documents
from tests.unit.intake import sboms

LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
    st.just([]), st.just({}),
)  # fmt: skip
TEMPLATES: list[Any] = [
    documents.cve(1234), documents.osv("PYSEC-1"), documents.csaf("X-1"), documents.kev(1234, 1235),
    documents.sbom("pump", "1"), sboms.spdx(), sboms.spdx3(),
    {"products": [{"product": "p", "name": "P", "entity": "e", "versions": [{"version": "1"}]}]},
    {"reports": [{"report": "r", "kind": "scan", "title": "t", "reporter": {"name": "n"}}]},
    {"@context": "https://openvex.dev/ns", "@id": "x", "author": "a",
     "statements": [{"vulnerability": {"name": "CVE-2026-1234"}, "status": "fixed",
                     "products": [{"@id": "pkg:npm/a@1"}]}]},
]  # fmt: skip
TEXTS = [sboms.TAG_VALUE, sboms.CYCLONEDX, sboms.SWID]
"""SBOMs that are no JSON."""
MARKS = st.sampled_from(["<text>", "</text>", "<", ">", "&", '"', "<!--", "]]>", "]]", "\n", ":"])


def read(raw: bytes) -> None:
    """Read, and check what an error says."""
    with suppress(FormatError):
        sniff.read(raw)
        return
    with pytest.raises(FormatError) as caught:
        sniff.read(raw)
    assert caught.value.faults
    assert all(fault.code and fault.reason and fault.mend for fault in caught.value.faults)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a document."""
    children = node.items() if isinstance(node, dict) else enumerate(node)
    found = [path] if path else []
    if isinstance(node, dict | list):
        for key, child in children:
            found += (
                places(child, (*path, key)) if isinstance(child, dict | list) else [(*path, key)]
            )
    return found


def mutated(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at a place."""
    changed = json.loads(json.dumps(document))
    node = changed
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return changed


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    read(raw)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    read(text.encode("utf-8", "ignore"))


@given(
    st.recursive(
        LEAF,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_any_json(value: Any) -> None:
    read(json.dumps(value).encode())


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_value_of_another_type_at_any_place(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(TEMPLATES))
    path = data.draw(st.sampled_from(places(document)))
    read(json.dumps(mutated(document, path, data.draw(LEAF))).encode())


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_cut_and_any_insertion_in_an_sbom_that_is_no_json(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 40)))
    inserted = data.draw(st.text(max_size=8) | MARKS)
    read(f"{text[:begin]}{inserted}{text[end:]}".encode("utf-8", "ignore"))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(TEXTS), st.data())
def test_any_order_of_lines_in_an_sbom_that_is_no_json(text: str, data: st.DataObject) -> None:
    first, *rest = text.split("\n")
    lines = data.draw(st.lists(st.sampled_from(rest), max_size=40))
    read("\n".join([first, *lines]).encode())


@given(
    st.sampled_from(["CVSS_V2", "CVSS_V3", "CVSS_V4"]),
    st.one_of(st.text(), st.from_regex(r"CVSS:[34]\.[01](/[A-Z]{1,3}:[A-Z]?){0,9}")),
)
def test_any_vector(kind: str, vector: str) -> None:
    record = documents.osv("PYSEC-1") | {"severity": [{"type": kind, "score": vector}]}
    read(json.dumps(record).encode())


@settings(max_examples=100)
@given(st.sampled_from(TEMPLATES), st.floats(0, 1))
def test_any_document_cut_off(document: Any, share: float) -> None:
    raw = json.dumps(document).encode()
    read(raw[: int(len(raw) * share)])


def nested(opening: str, closing: str, depth: int) -> bytes:
    return (opening * depth + closing * depth).encode()


@pytest.mark.parametrize("make", [
    lambda n: nested("[", "]", n), lambda n: nested('{"a":', "}", n).replace(b":}", b":1}"),
    lambda n: b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":'
    + nested('[{"components":', "}]", n) + b"}",
    lambda n: b"products: " + nested("[", "]", n),
])  # fmt: skip
def test_deep_nesting_is_refused_before_it_is_parsed(make: Callable[[int], bytes]) -> None:
    with pytest.raises(FormatError) as caught:
        sniff.read(make(100_000))
    assert caught.value.faults[0].code == "too_deep"


def test_brackets_inside_strings_are_no_nesting() -> None:
    record = documents.cve(1234)
    record["containers"]["cna"]["descriptions"][0]["value"] = "[{" * MAX_DEPTH * 3
    assert sniff.read(json.dumps(record).encode()).format == "cve"


@pytest.mark.parametrize(("raw", "code"), [
    (b"", "empty"), (b"  \n", "empty"), (b"PK\x03\x04", "packed"), (b"\xff\xfe", "not_utf8"),
    (b'{"a": 1', "not_json"), (b"{}", "unknown_format"), (b"<html/>", "unknown_format"),
    (b'{"spdxVersion": "SPDX-2.3"}', "no_components"),
    (b'{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}', "missing"),
    (b"SPDXVersion: SPDX-2.3", "no_components"), (b'spdxVersion: "SPDX-2.3"', "format_later"),
    (b'{"bomFormat": "CycloneDX", "specVersion": "1.1"}', "unknown_version"),
    (b'{"products": [{"product": "a", "product": "b"}]}', "duplicate_key"),
    (b"products:\n  - product: a\n    product: b\n", "duplicate_key"),
    (b"products: &a [1]\nsites: *a\n", "anchor"),
    (b"device,product,serial\na,b,c\n", "unknown_column"),
    (b"device,product\na,b,c\n", "not_csv"),
    (b'{"feed": {"id": "x"}}', "feed_index"),
    (b'{"products": []}', "empty"),
])  # fmt: skip
def test_a_bad_document_names_its_fault(raw: bytes, code: str) -> None:
    with pytest.raises(FormatError) as caught:
        sniff.read(raw)
    assert caught.value.faults[0].code == code


@pytest.mark.parametrize(("raw", "pointer"), [
    (b'{"products": [{"product": "a"}, {"product": "a", "product": "b"}]}', "/products/1/product"),
    (b'{"products": [{"eu": {"a/b": 1, "a/b": 2}}]}', "/products/0/eu/a~1b"),
    (b'{"products": [{"x": 1, "x": 2}], "products": []}', "/products"),
    (b"products:\n  - product: a\n    product: b\n", "line 3"),
])  # fmt: skip
def test_a_repeated_key_is_pointed_at(raw: bytes, pointer: str) -> None:
    with pytest.raises(FormatError) as caught:
        sniff.read(raw)
    assert [(f.code, f.pointer) for f in caught.value.faults] == [("duplicate_key", pointer)]


def test_every_fault_of_a_file_is_listed_with_its_place() -> None:
    file = {"devices": [
        {"device": "d1", "product": "p", "version": "1", "market": "DE", "method": "automatic"},
        {"device": "d2", "product": "p", "version": 1.1, "market": "Germany", "method": "mail"},
        {"device": "d1", "product": "p", "version": "1", "market": "DE", "method": "manual",
         "colour": "red"},
    ]}  # fmt: skip
    with pytest.raises(FormatError) as caught:
        sniff.read(json.dumps(file).encode())
    assert [(f.code, f.pointer) for f in caught.value.faults] == [
        ("invalid", "/devices/1/version"), ("invalid", "/devices/1/market"),
        ("invalid", "/devices/1/method"), ("unknown_field", "/devices/2/colour"),
    ]  # fmt: skip


def test_a_misspelt_nested_fact_is_no_silently_missing_one() -> None:
    file = {"products": [{"product": "p", "name": "P", "entity": "e",
                          "eu": {"regime": "mdr", "device_clas": "IIb"}}]}  # fmt: skip
    with pytest.raises(FormatError) as caught:
        sniff.read(json.dumps(file).encode())
    assert [(f.code, f.pointer) for f in caught.value.faults] == [
        ("unknown_field", "/products/0/eu/device_clas")
    ]

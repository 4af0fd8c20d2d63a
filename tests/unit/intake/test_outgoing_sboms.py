"""SBOMs for the three channels: what each holds, valid by the schemas, and read again unchanged."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.sboms import Component
from services.intake.formats import sniff
from services.intake.formats.canonical import Author, Origin, Sbom, Subject
from services.intake.formats.outgoing import channels, cyclonedx, spdx
from services.intake.formats.outgoing.written import Written
from services.sbom_matcher.domain.sboms import quality
from services.sbom_matcher.domain.sboms.inventory import Inventory
from tests.unit.intake import sboms

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WRITERS = {"cyclonedx": cyclonedx.write, "spdx": spdx.write}
KINDS = ["library", "application", "operating-system", "firmware", "device-driver", "platform",
         "data", "machine-learning-model", "cryptographic-asset"]  # fmt: skip

WORD = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9é._()@ -]{0,10}[A-Za-z0-9)]", fullmatch=True).filter(
    lambda word: word not in {"NONE", "NOASSERTION"}
)
ONE_LINE = WORD.map(lambda word: re.sub(r" +", " ", word))
MAYBE = st.none() | ONE_LINE
PURLS = ONE_LINE.map(lambda name: f"pkg:generic/{name.replace(' ', '-')}@1")
CPES = st.from_regex(r"cpe:2\.3:a:[a-z]{1,4}:[a-z]{1,4}:1:\*:\*:\*:\*:\*:\*:\*", fullmatch=True)
HASHES = st.dictionaries(
    st.sampled_from(["SHA-256", "SHA3-256", "BLAKE2b-256", "BLAKE3"]), st.just("ab" * 32)
)


@st.composite
def components(draw: st.DrawFn, ref: str) -> Component:
    purls = draw(st.lists(PURLS, unique=True, max_size=3))
    cpes = draw(st.lists(CPES, unique=True, max_size=3))
    return Component(
        ref=ref, name=draw(ONE_LINE), version=draw(MAYBE), group=draw(MAYBE),
        kind=draw(st.sampled_from(KINDS)), supplier=draw(MAYBE),
        purl=purls[0] if purls else None, cpe=cpes[0] if cpes else None,
        other_identifiers=(*purls[1:], *cpes[1:]), hashes=draw(HASHES),
        support_level=draw(MAYBE),
        support_ends_on=draw(st.none() | st.dates(date(2000, 1, 1), date(2060, 1, 1))),
    )  # fmt: skip


@st.composite
def inventories(draw: st.DrawFn) -> Sbom:
    form = draw(st.sampled_from(["{}", "SPDXRef-{}", "x y/{}", "#{}"]))
    size = draw(st.integers(1, 5))
    found = tuple(draw(components(form.format(n))) for n in range(size))
    product = draw(st.none() | components("product") | components(found[0].ref))
    if product is not None and product.ref == found[0].ref:
        product = found[0]
    refs = [*(each.ref for each in found), *([product.ref] if product else [])]
    edges = draw(st.lists(st.tuples(st.sampled_from(refs), st.sampled_from(refs)), unique=True))
    authors = draw(st.lists(st.builds(Author, ONE_LINE, st.just(True)), max_size=2, unique=True))
    maker = draw(st.lists(st.builds(Author, ONE_LINE), max_size=1))
    return Sbom(
        "1.6",
        Subject(
            product=draw(MAYBE), name=product.name if product else None,
            version=product.version if product else None, hardware=draw(st.just("") | ONE_LINE),
        ),
        found,
        tuple(edges),
        origin=Origin((*maker, *authors), ("build 1",), NOW, product),
    )  # fmt: skip


def read(written: Written) -> Sbom:
    found = sniff.read(written.text().encode())
    assert isinstance(found, Sbom)
    return found


def renamed(sbom: Sbom) -> tuple[list[Component], set[tuple[int | None, int | None]]]:
    """Components without references, and edges between their positions; the product is None."""
    places: dict[str, int | None] = {}
    if sbom.origin.product:
        places[sbom.origin.product.ref] = None
    places |= {each.ref: n for n, each in enumerate(sbom.components)}
    edges = {(places[a], places[b]) for a, b in sbom.dependencies}
    return [each.model_copy(update={"ref": "x"}) for each in sbom.components], edges


@given(inventories())
def test_what_is_written_as_cyclonedx_is_valid_and_read_with_the_same_components(
    sbom: Sbom,
) -> None:
    again = read(cyclonedx.write(sbom, NOW))  # the reader validates by the published schema
    assert again.components == sbom.components
    assert set(again.dependencies) == set(sbom.dependencies)
    assert again.origin.authors == sbom.origin.authors
    assert again.origin.made_at == NOW
    assert (again.subject.name, again.subject.version) == (sbom.subject.name, sbom.subject.version)
    assert (again.subject.product, again.subject.hardware) == (
        sbom.subject.product, sbom.subject.hardware,
    )  # fmt: skip


@given(inventories())
def test_what_is_written_as_spdx_is_read_with_the_same_components(sbom: Sbom) -> None:
    again = read(spdx.write(sbom, NOW))
    assert renamed(again) == renamed(sbom)
    assert again.origin.authors == sbom.origin.authors
    assert again.origin.made_at == NOW
    assert (again.subject.product, again.subject.hardware) == (
        sbom.subject.product, sbom.subject.hardware,
    )  # fmt: skip


@given(inventories())
def test_spdx_has_what_its_specification_makes_mandatory(sbom: Sbom) -> None:
    document = spdx.write(sbom, NOW).document
    ids = [each["SPDXID"] for each in document["packages"]]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"SPDXRef-[a-zA-Z0-9.-]+", each) for each in ids)
    assert all(each["downloadLocation"] and each["name"] for each in document["packages"])
    assert document["documentNamespace"].startswith("urn:uuid:")
    known = {*ids, "SPDXRef-DOCUMENT"}
    ends = [(each["spdxElementId"], each["relatedSpdxElement"])
            for each in document["relationships"]]  # fmt: skip
    assert all(a in known and b in known for a, b in ends)
    assert any(each["relationshipType"] == "DESCRIBES" for each in document["relationships"])


def pump() -> Sbom:
    """An inventory with something of everything that a channel may leave out."""
    found = sniff.read(json.dumps(sboms.spdx()).encode())
    assert isinstance(found, Sbom)
    origin = replace(
        found.origin, authors=(Author("Example Devices"), Author("A. Person", person=True)),
        tools=("build 1",),
    )  # fmt: skip
    return replace(found, origin=origin)


@pytest.mark.parametrize("format_", WRITERS)
@pytest.mark.parametrize(
    ("channel", "said", "unsaid"),
    [
        ("regulatory", ["A. Person", "build 1", "Actively maintained", "2030-01-31"], ["rev-b"]),
        ("customer", ["Example Devices", "Actively maintained", sboms.PURL, sboms.DIGEST],
         ["A. Person", "build 1", "rev-b", "patchvigil:product"]),
        ("internal", ["A. Person", "build 1", "rev-b", "patchvigil:product"], []),
    ],
)  # fmt: skip
def test_each_channel_holds_what_its_rule_says(
    format_: str, channel: str, said: list[str], unsaid: list[str]
) -> None:
    text = WRITERS[format_](channels.cut(pump(), channels.known()[channel]), NOW).text()
    assert [each for each in said if each not in text] == []
    assert [each for each in unsaid if each in text] == []


def test_a_channel_without_a_field_writes_no_component_with_it() -> None:
    bare = replace(channels.known()["customer"], holds=frozenset({"purl"}))
    cut = channels.cut(pump(), bare)
    assert cut.dependencies == ()
    assert [each for each in cut.components if each.supplier or each.hashes or each.cpe] == []
    assert [each.purl for each in cut.components] == [sboms.PURL, None]


def test_rules_name_only_fields_that_can_be_held_and_elements_that_are_judged() -> None:
    elements = {each.element for each in quality.judge(Inventory(())).elements}
    for rule in channels.known().values():
        assert rule.holds <= channels.HOLDABLE
        assert set(rule.asks) <= elements
        assert rule.source
        assert rule.reader
    assert set(channels.known()) == {"regulatory", "customer", "internal"}


@pytest.mark.parametrize("format_", WRITERS)
def test_written_twice_it_is_the_same_document(format_: str) -> None:
    first, second = (WRITERS[format_](pump(), NOW).text() for _ in range(2))
    assert first == second


def one(**more: Any) -> Sbom:
    """An inventory of one component."""
    return Sbom("1.6", Subject(None, None, None), (Component(ref="a", name="a", **more),), ())


def test_what_a_format_has_no_place_for_is_named() -> None:
    odd = one(hashes={"SHA-224": "ab" * 28, "ODD": "ab"}, kind="archive")
    assert cyclonedx.write(odd, NOW).left_out == (
        "a: kind archive is written as library",
        "a: no place for a SHA-224 hash",
        "a: no place for a ODD hash",
    )
    assert spdx.write(odd, NOW).left_out == ("a: no place for a ODD hash",)
    lost = replace(one(), dependencies=(("a", "gone"),))
    assert spdx.write(lost, NOW).left_out == ("a -> gone: gone is no element of the SBOM",)
    assert read(cyclonedx.write(lost, NOW)).dependencies == (("a", "gone"),)


def test_an_inventory_without_a_date_is_dated_when_it_is_written() -> None:
    assert read(cyclonedx.write(one(), NOW)).origin.made_at == NOW
    assert read(spdx.write(one(), NOW)).origin.made_at == NOW

"""Identifiers: what a component can be met by, and what never meets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.advisories import Identifier, IdentifierKind
from schemas.sboms import Component
from services.sbom_matcher.domain import handles, marks, names, versions
from services.sbom_matcher.domain.handles import Spoken
from services.sbom_matcher.domain.versions.encoding import NOT_APPLICABLE


def test_names_meet_exactly_but_for_case_signs_and_legal_form() -> None:
    one = names.base("wolfSSL Inc.", "WolfSSL")
    assert one == names.base("wolfssl", "wolfSSL") == "name:wolfssl|wolfssl"
    assert names.base("The Example Company", "X-Ray Viewer") == names.base(
        "example", "x ray viewer"
    )


@pytest.mark.parametrize(
    ("vendor", "product"),
    [
        ("Apache Software Foundation", "Apache Tomcat"),
        ("The Apache Software Foundation", "Tomcat"),
        ("apache", "apache_tomcat"),
    ],
)
def test_the_vendors_name_in_front_of_a_products_is_passed_over(vendor: str, product: str) -> None:
    assert names.base(vendor, product) == "name:apache|tomcat"


@pytest.mark.parametrize("longer", ["wolfSSL Manager", "my wolfSSL", "wolfSSL2", "wolfSSLx"])
def test_a_name_that_merely_contains_another_never_meets_it(longer: str) -> None:
    assert names.base("wolfSSL", longer) != names.base("wolfSSL", "wolfSSL")


@pytest.mark.parametrize(
    ("vendor", "product"), [("n/a", "x"), ("x", "N/A"), (None, "x"), ("x", "-")]
)
def test_a_name_that_says_nothing_meets_nothing(vendor: str | None, product: str) -> None:
    assert names.base(vendor, product) is None


def component(**fields: str | None) -> Component:
    return Component.model_validate({"ref": "r", "name": "FatFs", **fields})


def test_a_component_without_purl_version_is_met_at_its_own_version() -> None:
    found = handles.of_component(component(version="4.8.1", purl="pkg:github/wolfssl/wolfssl"))
    assert {each.key for each in found} == {versions.key("generic", "4.8.1")}
    assert {each.ident for each in found} == {
        "purl:github/wolfssl/wolfssl", "name:wolfssl|fatfs",
    }  # fmt: skip


def test_the_components_own_version_wins_over_what_its_cpe_says() -> None:
    found = handles.of_component(
        component(version="0.13c", cpe="cpe:2.3:a:chan:fatfs:r0.13:*:*:*:*:*:*:*")
    )
    assert {each.key for each in found} == {versions.key("generic", "0.13c")}
    assert versions.key("generic", "r0.13") != versions.key("generic", "0.13c")


def test_the_cpes_version_counts_where_the_component_has_none() -> None:
    found = handles.of_component(
        component(version="", cpe="cpe:2.3:a:chan:fatfs:r0.13:*:*:*:*:*:*:*")
    )
    assert {each.key for each in found} == {versions.key("generic", "0.13")}


def test_each_identifier_that_a_scanner_guessed_is_one_to_be_met_by() -> None:
    guessed = component(
        version="1.2", purl="pkg:deb/debian/libfoo1@1.2", cpe="cpe:2.3:a:foo:foo:1.2:*:*:*:*:*:*:*"
    ).model_copy(
        update={
            "other_identifiers": ("cpe:2.3:a:debian:libfoo:*:*:*:*:*:*:*:*", "pkg:github/foo/foo")
        }
    )
    found = {each.ident for each in handles.of_component(guessed)}
    assert found >= {
        "purl:deb/debian/libfoo1", "purl:github/foo/foo", "cpe:a:foo:foo", "cpe:a:debian:libfoo",
        "name:foo|foo", "name:debian|libfoo",
    }  # fmt: skip


def test_hardware_with_a_wildcard_version_has_no_version() -> None:
    [one, *_] = handles.of_component(component(version="", cpe="cpe:2.3:h:q:chip:*:*:*:*:*:*:*:*"))
    assert (one.key, one.reason) == (None, "no_version")


def test_a_version_that_is_not_applicable_equals_only_itself() -> None:
    [one, *_] = handles.of_component(
        component(version=None, cpe="cpe:2.3:h:q:chip:-:*:*:*:*:*:*:*")
    )
    assert one.key == NOT_APPLICABLE


def test_a_name_alone_is_no_identifier() -> None:
    assert handles.of_component(component(version="1.0")) == ()


def test_identifiers_that_cannot_be_read_are_told_from_none() -> None:
    bad, none = component(version="1.0", purl="not a purl"), component(version="1.0")
    assert handles.unreadable(bad, handles.of_component(bad))
    assert not handles.unreadable(none, handles.of_component(none))


def test_a_product_is_met_by_its_names_and_by_its_own_id() -> None:
    spoken = (Spoken("Example Medical", "Pump", "cpe:2.3:a:example:pump:*:*:*:*:*:*:*:*"),)
    found = handles.of_product("pump", "1.0", spoken)
    assert [each.ident for each in found] == [
        "cpe:a:example:pump", "name:example medical|pump", "product:pump", "cpe:a:example:*",
    ]  # fmt: skip


def test_a_product_is_met_by_the_marks_that_its_catalogue_entry_lists() -> None:
    marked = (
        Identifier(kind=IdentifierKind.MODEL_NUMBER, value="PX-100 A"),
        Identifier(kind=IdentifierKind.UDI_DI, value="04012345678901"),
        Identifier(kind=IdentifierKind.SERIAL_NUMBER, value="S1"),
        Identifier(kind=IdentifierKind.MODEL_NUMBER, value="PX-1??"),
    )
    found = handles.of_product("pump", "1.0", (Spoken("Example Inc.", "Pump", None, marked),))
    assert {each.ident for each in found} == {
        "name:example|pump", "product:pump", "model:example|px-100a", "udi:04012345678901",
        "called:example|px100a",
    }  # fmt: skip


@given(st.text(max_size=200))
def test_no_text_makes_a_parser_fail(text: str) -> None:
    names.base(text, text)
    marked = (Identifier(kind=kind, value=text or "x") for kind in IdentifierKind)
    marks.keys(text, marked)

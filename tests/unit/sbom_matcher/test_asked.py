"""What people ask for: a component, and which of its versions."""

import pytest

from services.sbom_matcher.domain import asked, versions
from services.sbom_matcher.domain.versions.vers import VersError


def holds(found: asked.Asked, kind: str, version: str) -> bool:
    key = versions.stored_key(kind, version)
    assert isinstance(key, bytes)
    within = [each.interval for each in found.within or () if each.type == kind]
    return any(each.low <= key < each.high for each in within)


def test_a_name_alone_means_every_version() -> None:
    assert asked.read("openssl") == asked.Asked("openssl", None, None, None)
    assert asked.read("openssl@*").within is None


def test_a_scoped_name_keeps_its_sign() -> None:
    assert asked.read("@scope/name").name == "@scope/name"
    assert asked.read("@scope/name@1.0").name == "@scope/name"


def test_a_range_is_read_in_every_scheme_that_can() -> None:
    found = asked.read("openssl@>=3.0.0,<3.0.7")
    assert found.exact is None
    for kind in ("generic", "npm", "deb", "rpm"):
        assert holds(found, kind, "3.0.2"), kind
        assert not holds(found, kind, "3.0.7"), kind


def test_a_package_urls_own_scheme_counts_alone() -> None:
    found = asked.read("pkg:pypi/Drug_Calc@<2.0")
    assert found.ident == "purl:pypi/drug-calc"
    assert {each.type for each in found.within or ()} == {"pypi"}
    assert holds(found, "pypi", "2.0rc1")


def test_a_specifier_says_its_own_scheme() -> None:
    found = asked.read("pkg:maven/org.example/log@vers:maven/>=2.0|<2.17.1")
    assert found.ident == "purl:maven/org.example/log"
    assert holds(found, "maven", "2.17.0")
    assert not holds(found, "maven", "2.17.1")


def test_a_namespace_with_an_at_is_no_version() -> None:
    assert asked.read("pkg:npm/%40scope/name").ident == "purl:npm/@scope/name"
    assert asked.read("pkg:npm/@scope/name").within is None
    assert asked.read("pkg:npm/@scope/name@1.0.0").exact == "1.0.0"


def test_a_version_without_an_order_is_looked_for_as_written() -> None:
    found = asked.read("firmware@b0aa1de41c86b2ac5d1b0b2f3e7f9d8c7a6b5c4d")
    assert found.exact is not None
    assert found.within is not None


@pytest.mark.parametrize("wrong", [">=<", "<", "vers:npm", ">=1.0,>=2.0", "!"])
def test_what_is_no_range_is_refused(wrong: str) -> None:
    with pytest.raises(VersError):
        asked.read(f"openssl@{wrong}")

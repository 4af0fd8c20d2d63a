"""Version keys of package ecosystems: each follows the rule its own tools follow."""

import pytest

from schemas.advisories import Range
from schemas.sboms import Component
from services.sbom_matcher.domain import handles, intervals, versions
from services.sbom_matcher.domain.versions import NoKey


def keyed(ecosystem: str, version: str) -> bytes:
    found = versions.key(ecosystem, version)
    assert isinstance(found, bytes), f"{version}: {found}"
    return found


@pytest.mark.parametrize(
    ("ecosystem", "ascending"),
    [
        (
            "npm",
            "1.0.0-0 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-rc.10 1.0.0 1.0.1 1.10.0",
        ),
        ("golang", "v0.0.0-20190101000000-abcdefabcdef v0.0.1 v1.2.3-0.20200101000000-ab v1.2.3"),
        ("pub", "1.0.0-a 1.0.0-a+1 1.0.0 1.0.0+1 1.0.0+2 1.0.0+a 1.0.0+a.1 1.0.1"),
        ("nuget", "1.0-alpha 1.0-Beta 1.0-beta.2 1.0-beta.10 1.0 1.0.0.1-a 1.0.0.1 1.0.1"),
        (
            "pypi",
            "0.9-eevee 1.0.dev1 1.0a1.dev1 1.0a1 1.0rc1 1.0 1.0+abc 1.0+1 1.0.post1 1.1 1!0.1",
        ),
        (
            "debian",
            "1.0~~ 1.0~~a 1.0~ 1.0 1.0-1~deb12u1 1.0-1 1.0-1+b1 1.0-a.0 1.0a 1.0+dfsg 1.1 1:0.1",
        ),
        (
            "rpm",
            "1.0~rc1 1.0~rc1-9 1.0 1.0- 1.0-1.el9 1.0-1.1 1.0-2 1.0^git1-1 1.0a 1.0.1 1:0.1",
        ),
        (
            "alpine",
            "1_alpha 1_alpha2 1_beta 1_pre1 1_rc1 1 1-r0 1-r1 1~abc 1_git1 1_p1 1a 1b 1.0 1.01 1.1",
        ),
        (
            "maven",
            "1.alpha 1-alpha-1 1-alpha-2 1-b1 1-m3 1-rc1 1-SNAPSHOT 1.0.RC1 1 1-sp 1-jre 1-1 1.0.1",
        ),
        ("rubygems", "1.0.a 1.0.a.1 1.0.a9 1.0.a10 1.0.b 1.0.pre 1.0.rc1 1.0 1.0.1 1.1"),
        (
            "composer",
            "dev-main 1.0-dev 1.0-alpha1 1.0b1 1.0RC1 1.0 1.0pl1 1.0.0-RC1 1.0.0 1.0.0-p1 1.0.1",
        ),
        ("cran", "0.9 0.75 0.75-0 0.75-1 0.75.10 1.0"),
        ("hackage", "0 0.1 0.1.0 0.1.0.0 0.2 1.0"),
    ],
)
def test_an_ecosystems_versions_ascend_as_its_own_tools_say(ecosystem: str, ascending: str) -> None:
    every = ascending.split()
    keys = [keyed(ecosystem, each) for each in every]
    assert [each for _, each in sorted(zip(keys, every, strict=True))] == every
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("ecosystem", "spellings"),
    [
        ("cargo", "1.2.3 v1.2.3 1.2.3+build"),
        ("nuget", "1.0 1.0.0.0 1.0.0+A"),
        ("nuget", "1.0-BETA 1.0-beta"),
        ("pypi", "1.0 1 v1.0.0 1.0.0.0"),
        ("debian", "1.0 0:1.0 1.0-0 1.00"),
        ("ubuntu", "1.0-0ubuntu1 0:1.0-0ubuntu1"),
        ("rpm", "1.0 1_0 1..0 0:1.0 1.00"),
        ("alpine", "1.2-r1 01.2-r01"),
        ("alpine", "1.2-rude 1.2-r1-2 1.2ab"),
        ("maven", "1 1.0 1.0.0 1-ga 1.0.Final 1.0.0.RELEASE 1.0-0"),
        ("maven", "1-alpha-1 1a1 1-ALPHA1"),
        ("maven", "1-rc1 1-cr1"),
        ("rubygems", "1 1.0 1.0.0"),
        ("rubygems", "1.0.pre.1 1.0-1 1.pre.1"),
        ("composer", "1.25.0beta2.1 1.25.0-b2.1 v1.25.0-beta.2.1"),
        ("cran", "0.01.0 0.1-0"),
    ],
)
def test_spellings_of_one_version_have_one_key(ecosystem: str, spellings: str) -> None:
    assert len({keyed(ecosystem, each) for each in spellings.split()}) == 1


@pytest.mark.parametrize(
    ("ecosystem", "text", "reason"),
    [
        ("npm", "latest", "not_semver"),
        ("pub", "any", "not_semver"),
        ("debian", "1.0_1", "sign"),
        ("debian", "bookworm", "name"),
        ("alpine", "edge", "name"),
        ("rubygems", "1.0_1", "sign"),
        ("rubygems", "head", "name"),
        ("composer", "main", "name"),
        ("composer", "a1", "sign"),
        ("cran", "1.0a", "not_numbers"),
        ("hackage", "1.0-1", "not_numbers"),
        ("maven", "released in april 2018", "prose"),
        ("rpm", "1.0\t2", "prose"),
        ("maven", "1.0-ä", "sign"),
        ("maven", "b42dd4badf803bb9fb71ac34cd9cb0c249262f2c", "hash"),
        ("pypi", "B42DD4BADF803BB9FB71AC34CD9CB0C249262F2C", "hash"),
        ("debian", " ", "empty"),
        ("rpm", "9" * 97, "too_long"),
        ("rpm", "1" * 513, "too_long"),
        ("debian", "1a" * 256, "too_long"),
    ],
)
def test_what_has_no_order_says_why(ecosystem: str, text: str, reason: str) -> None:
    assert versions.key(ecosystem, text) == NoKey(reason)


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("deb", "debian"),
        ("Ubuntu", "debian"),
        ("apk", "alpine"),
        ("gem", "rubygems"),
        ("Packagist", "composer"),
        ("crates.io", "cargo"),
        ("Go", "golang"),
        ("redhat", "rpm"),
        ("npm", "npm"),
        ("github", "generic"),
        (None, "generic"),
    ],
)
def test_purl_types_and_the_names_of_distributions_lead_to_schemes(
    name: str | None, scheme: str
) -> None:
    assert versions.scheme_of(name) == scheme


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.0", "1.0.0.0"),
        ("v1.0.0-BETA.1", "1.0-b1"),
        ("1.0.0-stable", "1.0"),
        ("1.0.0+linux", "1.0.0"),
        ("1.0-RC1", "1.0.0-rc.1"),
        ("1.x-dev", "1.9999999.9999999.9999999-dev"),
    ],
)
def test_matching_takes_composer_versions_as_composer_does(one: str, other: str) -> None:
    assert versions.stored_key("composer", one) == versions.stored_key("composer", other)


def test_matching_tells_composer_versions_apart_that_composer_tells_apart() -> None:
    ascending = ("1.x-dev", "2-dev", "2.0-ALPHA1", "2-BETA1", "2.0", "2-p1", "2.0.1", "2.0.1.5")
    keys = [versions.stored_key("composer", each) for each in ascending]
    assert keys == sorted(each for each in keys if isinstance(each, bytes))
    branches = {versions.stored_key("composer", each) for each in ("dev-main", "dev-next")}
    assert len(branches) == 2


@pytest.mark.parametrize(
    ("purl", "version"),
    [
        ("pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&epoch=1", "1:7.50.3-1.fc25"),
        ("pkg:rpm/fedora/curl@1:7.50.3-1.fc25?epoch=2", "1:7.50.3-1.fc25"),
        ("pkg:rpm/fedora/curl@7.50.3-1.fc25", "7.50.3-1.fc25"),
        ("pkg:deb/debian/curl@1%3A7.50.3-1?arch=i386", "1:7.50.3-1"),
    ],
)
def test_an_epoch_counts_wherever_a_purl_keeps_it(purl: str, version: str) -> None:
    component = Component.model_validate({"ref": "r", "name": "curl", "purl": purl})
    ecosystem = purl[4:7]
    assert {each.key for each in handles.of_component(component)} == {keyed(ecosystem, version)}


def test_a_composer_range_covers_a_version_however_it_is_spelt() -> None:
    covered = intervals.of_range("composer", Range(introduced="1.0.0", fixed="2.0.0"))
    (interval,) = covered.intervals
    for version, inside in (("1.0", True), ("1", True), ("2.0-RC1", True), ("2.0", False)):
        found = versions.stored_key("composer", version)
        assert isinstance(found, bytes)
        assert (interval.low <= found < interval.high) == inside, version

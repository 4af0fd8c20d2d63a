"""Package URLs: strict where the standard is asked, lenient where a component must still meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identifiers import purl as notation
from schemas.identifiers.purl import PurlError
from services.sbom_matcher.domain import purl


def base(written: str) -> str:
    found = purl.read(written)
    assert found
    return purl.base(found)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("pkg:npm/%40scope/Name@1.0", "purl:npm/@scope/name"),
        ("pkg:npm/@scope/name@1.0", "purl:npm/@scope/name"),
        ("pkg:npm/@scope/name", "purl:npm/@scope/name"),
        ("pkg:pypi/Zope.Interface@5?x=y", "purl:pypi/zope-interface"),
        (
            "pkg:golang/github.com/Gorilla/WebSocket@v1.4#sub",
            "purl:golang/github.com/gorilla/websocket",
        ),
        ("pkg:maven/com.FasterXML/Jackson@2.9", "purl:maven/com.FasterXML/Jackson"),
        ("pkg:nuget/Newtonsoft.Json@9.0.1", "purl:nuget/newtonsoft.json"),
        ("pkg:cargo/Serde_JSON@1.0", "purl:cargo/serde-json"),
        ("PKG://deb/Debian/Curl@7?arch=amd64", "purl:deb/debian/curl"),
    ],
)
def test_a_base_key_is_normalised_by_the_types_rules(written: str, key: str) -> None:
    assert base(written) == key


@pytest.mark.parametrize(
    ("broken", "sound"),
    [
        ("pkg:pypi/python/setuptools@65", "pkg:pypi/setuptools"),
        ("pkg:rpm/fedora/curl@7?Arch=i386", "pkg:rpm/fedora/curl"),
        ("pkg:swift/github.com/a/b", "pkg:swift/github.com/a/b@1"),
        ("pkg:julia/Dates@1", "pkg:julia/Dates?uuid=1"),
        ("pkg:npm/100%25@1?a=%zz", "pkg:npm/100%25"),
    ],
)
def test_a_purl_that_breaks_a_rule_still_meets(broken: str, sound: str) -> None:
    with pytest.raises(PurlError):
        notation.parse(broken)
    assert base(broken) == base(sound)


@pytest.mark.parametrize(
    "written",
    ["", "pkg:", "npm/left-pad", "pkg:npm", "pkg:npm/@1.0", "x" * 5000, "pkg:npm/\0a", "pkg:1/a"],
)
def test_what_names_no_package_is_not_read(written: str) -> None:
    assert purl.read(written) is None


def test_an_error_says_which_rule_is_broken() -> None:
    with pytest.raises(PurlError, match="needs a version"):
        notation.parse("pkg:swift/github.com/a/b")


def test_building_normalises_and_escapes() -> None:
    built = notation.build("NPM", "@Scope", "na me", "1.0/β", {"b": "1/2", "a": ""}, "./x/../y")
    assert str(built) == "pkg:npm/%40scope/na%20me@1.0%2F%CE%B2?b=1%2F2#x/y"


def test_a_text_of_a_million_characters_is_refused() -> None:
    assert purl.read("pkg:npm/" + "a" * 1_000_000) is None
    with pytest.raises(PurlError):
        notation.build("npm", None, "a\0")


PIECES = st.text("abAB01%@/?#&=:.+-_~ éß\0\ud800", max_size=12)


@given(st.one_of(st.text(max_size=200), PIECES.map("pkg:npm/".__add__), PIECES.map("pkg:".__add__)))
def test_no_text_makes_reading_fail(text: str) -> None:
    found = purl.read(text)
    if found is not None:
        assert purl.base(found).startswith("purl:")
    try:
        notation.canonical(text)
    except PurlError as error:
        assert str(error)  # noqa: PT017 - the declared error, and it says something


@given(
    st.sampled_from(["npm", "pypi", "maven", "golang", "generic", "git", "deb", "x"]),
    st.text(max_size=8), st.text(max_size=8), st.text(max_size=8),
    st.dictionaries(st.sampled_from(["a", "b.c"]), st.text(max_size=6)), st.text(max_size=8),
)  # fmt: skip
def test_what_is_built_and_written_reads_back_the_same(
    kind: str, namespace: str, name: str, version: str, qualifiers: dict[str, str], subpath: str
) -> None:
    try:
        built = notation.build(kind, namespace, name, version, qualifiers, subpath)
        written = str(built)
    except PurlError:
        return
    assert notation.parse(written) == built
    assert notation.canonical(written) == written


@given(
    st.sampled_from(["npm", "pypi", "git", "mlflow", "cargo", "luarocks", "rpm", "cpan", "thing"]),
    st.lists(st.from_regex(r"[A-Za-z0-9._~-]{1,6}", fullmatch=True), min_size=1, max_size=4),
    st.none() | st.from_regex(r"[A-Za-z0-9._~:+-]{1,8}", fullmatch=True),
)
def test_an_empty_subpath_changes_nothing(kind: str, path: list[str], version: str | None) -> None:
    written = f"pkg:{kind}/{'/'.join(path)}" + (f"@{version}" if version else "")
    assert purl.read(written) is not None
    assert purl.read(written) == purl.read(f"{written}#")

"""CPE names: every binding of NISTIR 7695, and what meets by the tables of NISTIR 7696."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identifiers import cpe as notation
from schemas.identifiers.cpe import ANY, NA, CpeError, Wfn
from schemas.sboms import Component
from services.sbom_matcher.domain import cpe, cpe_comparison, handles
from services.sbom_matcher.domain.cpe_comparison import Relation

BINDINGS = [
    (
        r"cpe:2.3:a:foo\\bar:big\$money:2010:*:*:*:special:ipod_touch:80gb:*",
        "cpe:/a:foo%5cbar:big%24money:2010::~~special~ipod_touch~80gb~",
    ),
    (
        "cpe:2.3:a:hp:insight:7.4.0.1570:-:*:*:online:win2003:x64:*",
        "cpe:/a:hp:insight:7.4.0.1570:-:~~online~win2003~x64~",
    ),
    ("cpe:2.3:a:v:p:8.*:sp?:*:*:*:*:*:*", "cpe:/a:v:p:8.%02:sp%01"),
    (r"cpe:2.3:a:v:p:8.\*:sp\?:*:*:*:*:*:*", "cpe:/a:v:p:8.%2a:sp%3f"),
    (r"cpe:2.3:o:v:p:\-:*:ed:en-us:*:*:*:*", "cpe:/o:v:p:%2d::ed:en-us"),
    ("cpe:2.3:h:v:p:-:*:*:*:*:*:*:*", "cpe:/h:v:p:-"),
]


@pytest.mark.parametrize(("formatted", "uri"), BINDINGS)
def test_a_name_is_the_same_in_each_binding(formatted: str, uri: str) -> None:
    name = notation.parse(formatted)
    assert notation.parse(uri) == name == notation.parse(str(name))
    assert (name.formatted(), name.uri()) == (formatted, uri)


def test_a_well_formed_name_is_read_attribute_by_attribute() -> None:
    name = notation.parse(r'wfn:[part="a",vendor="v",product="p",version="8\.*",update=NA]')
    assert name == Wfn("a", "v", "p", r"8\.*", NA)


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("cpe:2.3:a:v:p", "attributes"),
        ("cpe:2.3:x:v:p:*:*:*:*:*:*:*:*", "part"),
        ("cpe:2.3:a:v:p:1*2:*:*:*:*:*:*:*", "inside"),
        ("cpe:2.3:a:v:p:**:*:*:*:*:*:*:*", "only"),
        ("cpe:2.3:a:v::*:*:*:*:*:*:*:*", "empty"),
        ("cpe:2.3:a:vé:p:*:*:*:*:*:*:*:*", "ASCII"),
        ("cpe:/a:v:p:1%:2", "percent"),
        ("cpe:/a:v:p:1::~~x", "packed"),
        ("cpe:/a:b:c:d:e:f:g:h", "parts"),
        ('wfn:[part="a",part="o"]', "twice"),
        ('wfn:[part="a",vendor="a.b"]', "quoted"),
        ("cpe:/a:v%00", "stored"),
        ("v p 1.0", "begins"),
        ("cpe:2.3:" + "a" * 1_000_000, "longer"),
    ],
)
def test_a_broken_name_is_refused_with_the_rule_it_breaks(written: str, fault: str) -> None:
    with pytest.raises(CpeError, match=fault):
        notation.parse(written)


@pytest.mark.parametrize(
    "written",
    ["cpe:2.3:a:v:p", "cpe:2.3:a:v:p:1.0", "CPE:2.3:A:V:P:*:*:*:*:*:*:*:*", "cpe:/a:v:p:1%"],
)
def test_a_name_that_is_plain_still_meets(written: str) -> None:
    name = cpe.read(written)
    assert name
    assert cpe.base(name) == "cpe:a:v:p"


@pytest.mark.parametrize("written", ["", "cpe:/x:b", "v", "cpe:2.3:" + "a:" * 900])
def test_what_is_no_name_is_not_read(written: str) -> None:
    assert cpe.read(written) is None


ONE, OTHER, WILD = "foo", "bar", "fo*"
TABLE_6_2 = [
    (1, ANY, ANY, Relation.EQUAL),
    (2, ANY, NA, Relation.SUPERSET),
    (3, ANY, ONE, Relation.SUPERSET),
    (4, ANY, WILD, Relation.UNDEFINED),
    (5, NA, ANY, Relation.SUBSET),
    (6, NA, NA, Relation.EQUAL),
    (7, NA, ONE, Relation.DISJOINT),
    (8, NA, WILD, Relation.UNDEFINED),
    (9, ONE, ONE, Relation.EQUAL),
    (10, ONE, OTHER, Relation.DISJOINT),
    (11, ONE, WILD, Relation.UNDEFINED),
    (12, ONE, NA, Relation.DISJOINT),
    (13, ONE, ANY, Relation.SUBSET),
    (14, WILD, ONE, Relation.SUPERSET),
    (14, WILD, OTHER, Relation.DISJOINT),
    (15, WILD, ANY, Relation.SUBSET),
    (16, WILD, NA, Relation.DISJOINT),
    (17, WILD, WILD, Relation.UNDEFINED),
]


@pytest.mark.parametrize(("row", "source", "target", "relation"), TABLE_6_2)
def test_two_values_relate_as_table_6_2_says(
    row: int, source: str, target: str, relation: Relation
) -> None:
    assert cpe_comparison.values(source, target) is relation, f"row {row}"


@pytest.mark.parametrize(
    ("source", "target", "covered"),
    [
        ("*foo", "barfoo", True), ("?foo", "foo", True), ("?foo", "bfoo", True),
        ("?foo", "bbfoo", False), ("foo??", "foo12", True), ("foo??", "foo123", False),
        (r"1\.*", r"1\.2\.3", True), (r"1\.*", r"10\.2", False), (r"\*foo", "afoo", False),
        (r"\*foo*", r"\*foobar", True), ("*o*", "foo", True),
    ],
)  # fmt: skip
def test_wildcards_cover_what_they_stand_for(source: str, target: str, covered: bool) -> None:
    expected = Relation.SUPERSET if covered else Relation.DISJOINT
    assert cpe_comparison.values(source, target) is expected


@pytest.mark.parametrize(
    ("source", "target", "relation"),
    [
        (Wfn("a", "v", "p"), Wfn("a", "v", "p", "1"), Relation.SUPERSET),
        (Wfn("a", "v", "p", "1"), Wfn("a", "v", "p"), Relation.SUBSET),
        (Wfn("a", "v", "p", "1"), Wfn("a", "v", "p", "1"), Relation.EQUAL),
        (Wfn("a", "v", "p", "1"), Wfn("a", "v", "p", "2"), Relation.DISJOINT),
        (Wfn("a", "v", ANY), Wfn("a", ANY, "p"), Relation.UNDEFINED),
        (Wfn("a", "v", "p"), Wfn("a", "v", "p", "1*"), Relation.UNDEFINED),
    ],
)
def test_two_names_relate_as_table_6_3_says(source: Wfn, target: Wfn, relation: Relation) -> None:
    assert cpe_comparison.names(source, target) is relation


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (Wfn("a", "amd", ANY), Wfn("a", ANY, "zstandard"), False),
        (Wfn("a", ANY, "zstandard"), Wfn("a", "amd", ANY), False),
        (Wfn("a", "zlib", "zlib"), Wfn("a", ANY, "zlib"), True),
        (Wfn("a", "v", "p", NA), Wfn("a", "v", "p", r"1\.0"), False),
        (Wfn("a", "v", "p", NA), Wfn("a", "v", "p", NA), True),
        (Wfn("a", "v", "p", target_sw="wordpress"), Wfn("a", "v", "p"), True),
        (Wfn("a", "v", "p", target_sw="wordpress"), Wfn("a", "v", "p", target_sw="joomla"), False),
    ],
)
def test_names_meet_where_nothing_contradicts(source: Wfn, target: Wfn, expected: bool) -> None:
    assert cpe_comparison.meets(source, target) is expected


def handle_idents(written: str) -> set[str]:
    found = handles.of_component(Component(ref="r", name="n", version="1.0", cpe=written))
    return {each.ident for each in found if not cpe.is_of_vendor(each.ident)}


def test_a_name_without_vendor_and_part_is_met_by_its_product() -> None:
    assert handle_idents("cpe:2.3:*:*:busybox:1.36.1:*:*:*:*:*:*:*") == {"cpe:*:*:busybox"}


def test_a_name_without_part_is_met_under_each_part() -> None:
    assert handle_idents("cpe:2.3:*:gnu:bash:5:*:*:*:*:*:*:*") == {
        "cpe:a:gnu:bash", "cpe:o:gnu:bash", "cpe:h:gnu:bash",
    }  # fmt: skip


@pytest.mark.parametrize("written", ["cpe:2.3:a:v:*", "cpe:2.3:a:v:-", "cpe:2.3:a:-:p"])
def test_a_name_without_a_product_or_with_no_vendor_at_all_identifies_nothing(written: str) -> None:
    assert handle_idents(written) == set()


def test_a_cpe_name_gives_its_key_and_version() -> None:
    name = cpe.read(r"cpe:2.3:a:the_vendor\:co:some\-thing:1.0:rc1:*:*:*:*:*:*")
    assert name
    assert cpe.base(name) == "cpe:a:the_vendor:co:some-thing"
    assert cpe.written_version(name) == "1.0-rc1"


def traits(**attributes: str) -> str | None:
    return cpe.traits(Wfn("a", "v", "p", **attributes))


def test_editions_and_platforms_that_contradict_part_two_names() -> None:
    assert not cpe.agree(traits(target_sw="wordpress"), traits(target_sw="joomla"))
    assert not cpe.agree(traits(sw_edition=NA), traits(sw_edition="premium"))
    assert cpe.agree(traits(target_sw="wordpress"), traits(target_hw="x64"))
    assert cpe.agree(traits(target_sw="wordpress"), traits())
    assert cpe.agree(traits(target_sw="word*"), traits(target_sw="wordpress"))


SIGNS = st.text("aB1_.-*?\\:~%/ é\0\ud800", max_size=10)


@given(
    st.one_of(
        st.text(max_size=100), SIGNS.map("cpe:/a:".__add__), SIGNS.map("cpe:2.3:a:v:p:".__add__),
        SIGNS.map(lambda each: f'wfn:[part="a",product="{each}"]'),
    )
)  # fmt: skip
def test_no_text_makes_reading_fail(text: str) -> None:
    found = cpe.read(text)
    if found is None:
        with pytest.raises(CpeError):
            notation.parse(text)
        return
    assert isinstance(handle_idents(text), set)
    assert cpe.read(found.formatted()) == found


VALUES = st.one_of(
    st.sampled_from([ANY, NA]),
    st.builds(
        lambda begin, middle, end: begin + middle + end,
        st.sampled_from(["", "*", "?", "??"]),
        st.text("abz019_", min_size=1, max_size=4).flatmap(
            lambda text: st.sampled_from([text, text + r"\.", r"\-" + text, text + r"\*\~\:"])
        ),
        st.sampled_from(["", "*", "?"]),
    ),
)
NAMES = st.builds(Wfn, st.sampled_from("aoh"), VALUES, VALUES, VALUES, VALUES, target_sw=VALUES)


@given(NAMES)
def test_every_well_formed_name_survives_each_binding(name: Wfn) -> None:
    for written in (name.formatted(), name.uri(), str(name)):
        assert notation.parse(written) == name

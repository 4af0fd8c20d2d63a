"""Claims: ranges become spans of keys, and what cannot be read stays visible."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from schemas.advisories import Assertion, Range, Status, Target, TargetKind
from schemas.findings import Verdict
from services.sbom_matcher.domain import claims, versions
from services.sbom_matcher.domain.claims import Claim, Span
from services.sbom_matcher.domain.intervals import EVERYTHING, Interval, of_range, outside
from services.sbom_matcher.domain.versions.encoding import FIRST, HIGHEST, LOWEST, NOT_APPLICABLE

NAMED = Target(kind=TargetKind.NAME, vendor="v", product="p")


def assertion(*ranges: Range, status: Status = Status.AFFECTED, **more: object) -> Assertion:
    return Assertion.model_validate(
        {"asserter": "a", "target": NAMED, "status": status, "ranges": ranges, **more}
    )


def verdicts(claim: Claim, version: str | None) -> set[Verdict]:
    key = None
    if version is not None:
        found = versions.key("generic", version)
        assert isinstance(found, bytes)
        key = found
    return {span.verdict for span in claim.spans if _covers(span, key)}


def _covers(span: Span, key: bytes | None) -> bool:
    if span.interval is None or key is None:
        return span.interval is None and key is None
    return span.interval.low <= key < span.interval.high


def test_a_fixed_range_is_half_open() -> None:
    [claim] = claims.read([assertion(Range(introduced="1.2", fixed="1.4"))])
    assert [bool(verdicts(claim, v)) for v in ("1.1", "1.2", "1.3.9", "1.4", "1.5")] == [
        False, True, True, False, False,
    ]  # fmt: skip


def test_bounds_may_be_inclusive_above_and_exclusive_below() -> None:
    stated = Range(introduced="1.2", introduced_exclusive=True, last_affected="1.4")
    [claim] = claims.read([assertion(stated)])
    assert [bool(verdicts(claim, v)) for v in ("1.2", "1.2.1", "1.4", "1.4.0", "1.4.1")] == [
        False, True, True, True, False,
    ]  # fmt: skip


def test_a_range_whose_bounds_are_equal_means_all_below() -> None:
    [claim] = claims.read([assertion(Range(introduced="2.0", fixed="2.0"))])
    assert verdicts(claim, "1.0") == {Verdict.AFFECTED}
    assert verdicts(claim, "2.0") == set()


def test_a_range_that_runs_backwards_is_unknown() -> None:
    [claim] = claims.read([assertion(Range(introduced="3.0", fixed="2.0"))])
    assert verdicts(claim, "1.0") == {Verdict.UNKNOWN}


def test_a_wildcard_upper_bound_covers_its_series() -> None:
    [claim] = claims.read([assertion(Range(introduced="5.10.188", last_affected="5.10.*"))])
    assert verdicts(claim, "5.10.200") == {Verdict.AFFECTED}
    assert verdicts(claim, "5.11") == set()


def test_no_range_is_every_version_also_one_that_cannot_be_read() -> None:
    [claim] = claims.read([assertion()])
    assert verdicts(claim, "1.0") == verdicts(claim, None) == {Verdict.AFFECTED}


def test_an_unreadable_version_is_unknown_where_some_versions_are_affected() -> None:
    [claim] = claims.read([assertion(Range(fixed="2.0"))])
    assert verdicts(claim, None) == {Verdict.UNKNOWN}


def test_an_unreadable_version_is_not_unknown_where_nothing_is_affected() -> None:
    [claim] = claims.read([assertion(Range(fixed="2.0"), status=Status.NOT_AFFECTED)])
    assert verdicts(claim, None) == set()


def test_an_unparsed_range_is_unknown_for_every_version_with_its_reason() -> None:
    commits = Range(unparsed="commits", reason="git commits have no order")
    nothing = Range(unparsed="n/a", reason="the source names no version")
    for stated, reason in ((commits, "git_range"), (nothing, "no_range")):
        [claim] = claims.read([assertion(stated)])
        assert {span.reason for span in claim.spans if span.interval} == {reason}
        assert verdicts(claim, "1.0") == {Verdict.UNKNOWN}


def test_single_versions_that_cannot_be_read_do_not_hide_those_that_can() -> None:
    [claim] = claims.read([assertion(Range(exact=("1.0", "the first one")))])
    assert verdicts(claim, "1.0") == {Verdict.AFFECTED, Verdict.UNKNOWN}
    assert verdicts(claim, "1.1") == {Verdict.UNKNOWN}


def test_a_default_status_speaks_of_what_no_assertion_of_the_target_covers() -> None:
    """The kernel's records: affected by default, with unaffected series."""
    found = claims.read(
        [
            assertion(Range(exact=("5.10",)), default_status=Status.AFFECTED),
            assertion(
                Range(fixed="5.10"),
                Range(introduced="6.5"),
                status=Status.NOT_AFFECTED,
                default_status=Status.AFFECTED,
            ),
        ]
    )

    def said(version: str) -> set[Verdict]:
        return {verdict for claim in found for verdict in verdicts(claim, version)}

    assert said("5.4") == said("6.9") == {Verdict.NOT_AFFECTED}
    assert said("5.10") == said("5.15.3") == {Verdict.AFFECTED}


def test_an_unaffected_default_says_nothing_beside_a_range_that_cannot_be_read() -> None:
    unread = Range(unparsed="some", reason="not a version")
    [claim] = claims.read([assertion(unread, default_status=Status.NOT_AFFECTED)])
    assert verdicts(claim, "1.0") == {Verdict.UNKNOWN}


def test_the_version_inside_a_cpe_counts_where_no_range_is_stated() -> None:
    cpe = "cpe:2.3:a:v:p:{}:*:*:*:*:*:*:*"
    for version, hit in (("1.0", "1.0"), ("*", "7")):
        target = Target(kind=TargetKind.CPE, cpe=cpe.format(version))
        [claim] = claims.read([assertion(target=target)])
        assert verdicts(claim, hit) == {Verdict.AFFECTED}
    target = Target(kind=TargetKind.CPE, cpe=cpe.format("-"))
    [claim] = claims.read([assertion(target=target)])
    assert verdicts(claim, "1.0") == set()
    assert any(_covers(span, NOT_APPLICABLE) for span in claim.spans)


def test_a_target_that_identifies_nothing_claims_nothing() -> None:
    nobody = Target(kind=TargetKind.NAME, vendor="n/a", product="n/a")
    assert claims.read([assertion(target=nobody)]) == ()


def test_a_statement_on_a_whole_product_is_met_by_the_products_id() -> None:
    target = Target(kind=TargetKind.NAME, product="pump")
    [claim] = claims.read([assertion(target=target, product="pump")])
    assert claim.idents == ("product:pump",)


def test_single_versions_inside_a_longer_range_are_not_stored_again() -> None:
    exact = Range(exact=tuple(f"1.{minor}" for minor in range(100)))
    [claim] = claims.read([assertion(Range(fixed="2.0"), exact)])
    assert len(claim.spans) == 2


def test_evidence_keeps_the_range_that_decided() -> None:
    many = assertion(*(Range(exact=(f"{n}.0",)) for n in range(50)))
    assert claims.narrowed(many, 7).ranges == (Range(exact=("7.0",)),)
    assert len(claims.narrowed(many, None).ranges) == 20


VERSIONS = st.sampled_from(["0.9", "1.0", "1.0-rc1", "1.0.1", "1.1", "2.0", "2.0b", "10"])


@given(VERSIONS, VERSIONS, st.booleans(), st.booleans())
def test_what_a_range_covers_and_what_is_outside_it_never_overlap(
    low: str, high: str, exclusive: bool, last: bool
) -> None:
    bound = {"last_affected": high} if last else {"fixed": high}
    covered = of_range("generic", Range(introduced=low, introduced_exclusive=exclusive, **bound))
    for gap in outside(covered.intervals):
        for each in covered.intervals:
            assert gap.high <= each.low or each.high <= gap.low
    joined = sorted((*covered.intervals, *outside(covered.intervals)))
    assert joined[0].low == LOWEST
    assert joined[-1].high == HIGHEST
    assert all(one.high == next_.low for one, next_ in pairwise(joined))


def test_everything_includes_what_is_not_applicable() -> None:
    assert EVERYTHING.whole
    assert Interval(FIRST, HIGHEST).whole
    assert EVERYTHING.low <= NOT_APPLICABLE

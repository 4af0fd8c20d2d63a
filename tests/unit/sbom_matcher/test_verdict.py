"""Verdicts: which assertion wins, what is flagged, and what is worth a finding."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.findings import Matcher, Verdict
from services.sbom_matcher.domain import transitions
from services.sbom_matcher.domain.matching import Met, Place
from services.sbom_matcher.domain.transitions import Changed, Cleared, Opened, Standing
from services.sbom_matcher.domain.verdict import Decision, combine, decide

NOW = datetime(2026, 1, 1, tzinfo=UTC)
A, N, F, U = Verdict.AFFECTED, Verdict.NOT_AFFECTED, Verdict.FIXED, Verdict.UNKNOWN


def met(
    verdict: Verdict,
    asserter: str = "cna",
    *,
    advisory: str = "cve/1",
    statement: bool = False,
    whole: bool = False,
    fixed: str | None = None,
    age: int = 0,
) -> Met:
    return Met(
        assertion=1,
        advisory=advisory,
        asserter=asserter,
        matcher=Matcher.STATEMENT if statement else Matcher.PURL,
        verdict=verdict,
        reason="because" if verdict is U else None,
        place=0,
        fixed=fixed,
        statement=statement,
        whole_product=whole,
        held_at=NOW - timedelta(days=age),
    )


@pytest.mark.parametrize(
    ("said", "holds"),
    [((A, U), A), ((A, N), A), ((U, N), U), ((U, F), U), ((F, N), F), ((N,), N)],
)
def test_between_asserters_affected_outranks_unknown_outranks_fixed_outranks_not_affected(
    said: tuple[Verdict, ...], holds: Verdict
) -> None:
    assert combine(met(each, f"asserter-{each}") for each in said).verdict is holds


@pytest.mark.parametrize(
    ("said", "holds"), [((U, N), N), ((U, F), F), ((U, A), A), ((A, N), A), ((U,), U)]
)
def test_one_asserters_readable_word_outranks_what_of_it_could_not_be_read(
    said: tuple[Verdict, ...], holds: Verdict
) -> None:
    assert combine(met(each) for each in said).verdict is holds


def test_contradicting_asserters_are_flagged_and_all_kept() -> None:
    decision = combine([met(A, "cna"), met(N, "adp:CISA-ADP")])
    assert decision.conflict
    assert {each.asserter for each in decision.mets} == {"cna", "adp:CISA-ADP"}


def test_agreeing_asserters_are_no_conflict() -> None:
    assert not combine([met(A, "cna"), met(A, "adp:CISA-ADP"), met(U, "third")]).conflict


def test_our_own_statement_wins_and_the_latest_of_several() -> None:
    old, new = met(A, "us", statement=True, age=9), met(N, "us", statement=True, age=1)
    decision = combine([met(A), old, new])
    assert decision.verdict is N
    assert decision.stated


def test_fixed_in_names_the_fixes_of_those_who_say_affected() -> None:
    decision = combine([met(A, fixed="2.0"), met(A, "adp", fixed="2.1"), met(N, "x", fixed="1.0")])
    assert decision.fixed_in == ("2.0", "2.1")


def test_a_statement_on_the_whole_product_reaches_components_and_leaves_no_echo() -> None:
    component, whole = Place("v", "p", "1", "", "c"), Place("v", "p", "1", "", "")
    statement = met(N, "us", statement=True, whole=True)
    decided = decide({component: (met(A),), whole: (statement,)})
    assert decided.keys() == {component}
    assert decided[component].verdict is N


def test_a_statement_on_the_whole_product_stands_alone_where_nothing_else_does() -> None:
    whole = Place("v", "p", "1", "", "")
    decided = decide({whole: (met(A, "us", statement=True, whole=True),)})
    assert decided[whole].verdict is A


HERE = Place("v", "p", "1", "", "c")


def standing(decision: Decision, *, live: bool = True) -> Standing:
    return Standing(
        finding="f", live=live, verdict=decision.verdict, reason=decision.reason,
        fixed_in=decision.fixed_in, digest=transitions.digest(HERE, decision), told_as="v",
    )  # fmt: skip


def test_only_what_changed_is_told() -> None:
    same = combine([met(A)])
    assert list(transitions.compare({HERE: same}, {HERE: standing(same)})) == []


def test_not_affected_opens_nothing_unless_a_person_states_it() -> None:
    assert list(transitions.compare({HERE: combine([met(N)])}, {})) == []
    stated = combine([met(N, statement=True)])
    assert list(transitions.compare({HERE: stated}, {})) == [Opened(HERE, stated)]


def test_the_way_from_affected_to_fixed_is_told() -> None:
    [change] = transitions.compare({HERE: combine([met(F)])}, {HERE: standing(combine([met(A)]))})
    assert isinstance(change, Changed)
    assert "was affected, is fixed" in change.why


def test_a_fix_becoming_known_is_told() -> None:
    before = standing(combine([met(A)]))
    [change] = transitions.compare({HERE: combine([met(A, fixed="2.0")])}, {HERE: before})
    assert isinstance(change, Changed)
    assert change.why == "fixed in 2.0"


def test_what_holds_no_more_is_cleared_once_and_opens_again_under_its_id() -> None:
    live = standing(combine([met(A)]))
    assert list(transitions.compare({}, {HERE: live})) == [Cleared(HERE, live)]
    ended = standing(combine([met(A)]), live=False)
    assert list(transitions.compare({}, {HERE: ended})) == []
    [change] = transitions.compare({HERE: combine([met(A)])}, {HERE: ended})
    assert isinstance(change, Opened)


def test_a_suppliers_word_on_its_whole_product_holds_there_and_outranks_nobody() -> None:
    whole = Place("CVE-1", "pump", "1.0", "", "")
    part = Place("CVE-1", "pump", "1.0", "", "part")
    decided = decide({whole: (met(N, "supplier", whole=True),), part: (met(A),)})
    assert decided[part].verdict is A
    assert decided[whole].verdict is N
    assert not decided[whole].stated

"""A filing a person made is recorded with what does not fit; a shadow has none."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from schemas.clocks import ClockMode, ClockState
from services.notification.domain.filing import (
    DraftStanding,
    Filed,
    FilingContext,
    mismatches,
    refusal,
)
from tests.unit.notification.conftest import NOW, clock

DRAFT = DraftStanding("d1", 2, {1: "one", 2: "two"}, frozenset({1}), {1: ("title",)})
FITTING = FilingContext(DRAFT, None, (), ())


def filed(**more: object) -> Filed:
    values: dict[str, object] = {
        "clock": "k1", "products": ("gateway",), "receipt": "R1", "filed_by": "ada",
        "filed_at": NOW, "draft": "d1", "revision": 2, **more,
    }  # fmt: skip
    return Filed(**values)  # type: ignore[arg-type]  # a test states only what it changes


@given(mode=st.sampled_from(ClockMode))
def test_only_a_binding_clock_is_filed_on(mode: ClockMode) -> None:
    assert (refusal(clock(mode=mode)) is None) is (mode is ClockMode.MANDATORY)


def test_an_approved_and_current_revision_fits() -> None:
    current = DraftStanding("d1", 2, {2: "two"}, frozenset({2}), {})
    assert mismatches(filed(), clock(), FilingContext(current, None, (), ())) == ()


def test_everything_that_does_not_fit_is_named() -> None:
    late = filed(
        filed_at=NOW + timedelta(hours=25), products=("other",), digest="three", filed_by="eve"
    )
    context = FilingContext(DRAFT, "CRA 24 h early warning", ("R1",), ("ada",))
    found = "; ".join(mismatches(late, clock(state=ClockState.PROVISIONAL), context))
    for wanted in (
        "does not name the clock's product gateway", "filed after the deadline", "provisional",
        "digest is not", "revision 2 was not approved", "earlier stage is recorded",
        "this receipt is already recorded", "eve is not among",
    ):  # fmt: skip
        assert wanted in found, wanted


def test_an_outdated_revision_and_a_missing_draft_are_flagged() -> None:
    assert mismatches(filed(revision=1), clock(), FITTING) == ("revision 1 was outdated in: title",)
    nothing = FilingContext(None, None, (), ())
    assert mismatches(filed(), clock(), nothing) == ("no draft is prepared for this clock",)
    assert "no draft is named" in mismatches(filed(draft=None), clock(), FITTING)[0]
    assert "no revision 7" in mismatches(filed(revision=7), clock(), FITTING)[0]

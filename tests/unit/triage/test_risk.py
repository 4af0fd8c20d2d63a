"""Bands follow the score and the clinical use, and never fall when the score rises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.advisories import Score
from schemas.catalogue import ClinicalUse
from services.triage import rulebook
from services.triage.domain import risk

PACK = rulebook.clinical_bands()
V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
V4_LOW = "CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"

uses = st.none() | st.builds(
    ClinicalUse,
    function=st.just("infusion"),
    worst_harm=st.sampled_from(["none", "minor", "serious", "death"]),
    life_sustaining=st.booleans(),
)


def score(vector: str, base: float, version: str = "3.1", asserter: str = "cna") -> Score:
    return Score(asserter=asserter, version=version, vector=vector, base=base)


@pytest.mark.parametrize(
    ("value", "band"),
    [(0.0, "none"), (0.1, "low"), (3.9, "low"), (4.0, "medium"), (6.9, "medium"), (7.0, "high"),
     (8.9, "high"), (9.0, "critical"), (10.0, "critical")],
)  # fmt: skip
def test_the_bands_begin_and_end_where_the_table_says(value: float, band: str) -> None:
    assert PACK.bands[risk.band_of(value, PACK)].id == band


@given(a=st.floats(0, 10), b=st.floats(0, 10), use=uses)
def test_a_higher_score_never_gives_a_milder_band(
    a: float, b: float, use: ClinicalUse | None
) -> None:
    low, high = sorted((round(a, 1), round(b, 1)))
    # An unreadable vector leaves the stated base score, which is free to take any value here.
    milder = risk.propose([score("?", low)], use, PACK).band
    graver = risk.propose([score("?", high)], use, PACK).band
    assert (PACK.rank(milder) or 0) <= (PACK.rank(graver) or 0)


def test_version_4_leads_where_both_score() -> None:
    found = risk.leading_score([score(V31, 9.8), score(V4, 9.3, "4.0")], PACK)
    assert found is not None
    assert (found.version, found.value) == ("4.0", 9.3)


def test_the_highest_of_one_version_leads() -> None:
    found = risk.leading_score(
        [score(V4_LOW, 1.0, "4.0", "vendor"), score(V4, 9.3, "4.0", "adp")], PACK
    )
    assert found is not None
    assert found.asserter == "adp"


def test_a_base_score_that_its_vector_does_not_mean_is_said_and_the_vector_counts() -> None:
    proposal = risk.propose([score(V31, 5.0)], None, PACK)
    assert proposal.score == 9.8
    assert "stated as 5.0, but its vector means 9.8" in proposal.ground


def test_an_unreadable_vector_leaves_the_stated_score_with_a_remark() -> None:
    proposal = risk.propose([score("CVSS:3.1/AV:Q", 7.5)], None, PACK)
    assert (proposal.score, proposal.band) == (7.5, "high")
    assert "cannot be read" in proposal.ground


def test_life_sustaining_use_raises_the_band_by_one() -> None:
    use = ClinicalUse(function="ventilation", worst_harm="death", life_sustaining=True)
    assert risk.propose([score("?", 5.0)], use, PACK).band == "high"
    assert risk.propose([score("?", 9.5)], use, PACK).band == "critical"
    assert risk.propose([score("?", 0.0)], use, PACK).band == "none"


def test_without_a_score_the_policy_assumes_and_says_so() -> None:
    proposal = risk.propose([], None, PACK)
    assert (proposal.band, proposal.score) == (PACK.unscored, None)
    assert "Nobody has scored it" in proposal.ground

"""Pathways advise and never decide; the Notified Body's route follows the certificate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cases import Category
from schemas.catalogue import CertificateType, EuRegime, QualificationKind, UsClearance
from services.triage import rulebook
from services.triage.domain.pathways import Pathway, pathway
from services.triage.domain.products import ProductState
from services.triage.domain.refusal import RefusalError
from tests.unit.triage.made import product

PACK = rulebook.change_pathways()

states = st.none() | st.builds(
    product,
    kind=st.none() | st.sampled_from(list(QualificationKind)),
    regime=st.sampled_from(list(EuRegime)),
    legacy=st.booleans(),
    certificate=st.none() | st.sampled_from(list(CertificateType)),
    clearance=st.sampled_from(list(UsClearance)),
    markets=st.sampled_from([(), ("DE",), ("US",), ("DE", "US"), ("JP",)]),
)
bands = st.none() | st.sampled_from([band.id for band in rulebook.clinical_bands().bands])
bases = st.none() | st.sampled_from(
    [name for name, each in PACK.emergency_bases.items() if each.accepted]
)


def of(
    state: ProductState | None, category: Category = Category.A, band: str | None = "high"
) -> Pathway:
    return pathway(category, band, state, None, PACK)


@given(state=states, category=st.sampled_from(list(Category)), band=bands, basis=bases)
def test_no_verdict_ever_says_required_or_exempt(
    state: ProductState | None, category: Category, band: str | None, basis: str | None
) -> None:
    found = pathway(category, band, state, basis, PACK)
    for text in (*found.us, *found.eu):
        assert "required" not in text.lower()
        assert "exempt" not in text.lower()


@given(category=st.sampled_from(list(Category)), band=bands)
def test_a_device_in_both_markets_always_has_something_to_do_in_each(
    category: Category, band: str | None
) -> None:
    found = pathway(category, band, product(), None, PACK)
    assert found.us
    assert found.eu


def test_mdcg_2020_3_speaks_of_legacy_devices_only() -> None:
    assert not any("2020-3" in text for text in of(product()).eu)
    assert any("Chart C" in text for text in of(product(legacy=True)).eu)


@pytest.mark.parametrize(
    ("certificate", "route"),
    [
        (CertificateType.TECHNICAL_DOCUMENTATION, "approval"),
        (CertificateType.TYPE_EXAMINATION, "approval"),
        (CertificateType.QUALITY_MANAGEMENT, "notify"),
        (CertificateType.NONE, "none"),
        (None, "undetermined"),
    ],
)
def test_the_route_to_the_notified_body_follows_the_certificate(
    certificate: CertificateType | None, route: str
) -> None:
    assert of(product(certificate=certificate)).notified_body_route == route


def test_a_product_that_is_no_device_has_no_route_to_a_notified_body() -> None:
    gateway = product(kind=QualificationKind.NOT_A_DEVICE, regime=EuRegime.NONE)
    assert of(gateway).notified_body_route == "none"


def test_a_protocol_with_the_notified_body_is_added_to_the_route() -> None:
    state = product(certificate=CertificateType.QUALITY_MANAGEMENT)
    found = pathway(Category.A, "critical", state, "nb_protocol", PACK)
    assert found.notified_body_route == "notify+protocol"


def test_the_transitional_article_is_refused_as_an_emergency_with_its_reason() -> None:
    with pytest.raises(RefusalError, match="transitional rule for legacy devices"):
        pathway(Category.A, "critical", product(), "mdr_120_3", PACK)


def test_an_unknown_basis_is_refused_naming_those_that_are_known() -> None:
    with pytest.raises(RefusalError) as refused:
        pathway(Category.A, "critical", product(), "hurry", PACK)
    assert "urgent_fsca" in refused.value.mend


def test_a_market_that_the_product_is_not_in_raises_nothing() -> None:
    assert not of(product(markets=("DE",))).us
    assert not of(product(markets=("US",))).eu


def test_a_pma_device_is_told_of_supplements_and_not_of_510k() -> None:
    texts = of(product(clearance=UsClearance.PMA), Category.C).us
    assert any("PMA" in text for text in texts)
    assert not any("510(k)" in text for text in texts)


def test_a_compensating_control_is_checked_as_a_correction() -> None:
    texts = of(product(), Category.B)
    assert any("correction" in text for text in texts.us)
    assert any("labelling" in text for text in texts.eu)

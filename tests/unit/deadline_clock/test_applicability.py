"""Which products an obligation binds, with the article, and what is assumed meanwhile."""

import pytest

from schemas.catalogue import (
    EntityRegistered,
    Establishment,
    EuRegime,
    ProductRegistered,
    QualificationKind,
)
from schemas.clocks import ClockMode
from services.deadline_clock.domain.applicability import applicability
from services.deadline_clock.domain.places import place
from services.deadline_clock.domain.rules import Rule
from tests.unit.deadline_clock.facts import BOOK, T0, product

DEVICE, ACCESSORY, OTHER = (
    QualificationKind.DEVICE,
    QualificationKind.ACCESSORY,
    QualificationKind.NOT_A_DEVICE,
)


def law(name: str) -> Rule:
    found = BOOK.rule(name)
    assert found is not None
    return found


CRA, FDA, FINAL = law("cra.aev.early_warning"), law("us806.report"), law("cra.aev.final")


@pytest.mark.parametrize(
    ("known", "mode", "reason", "assumed"),
    [
        (product(OTHER), ClockMode.MANDATORY, "Article 2(1)", False),
        (
            product(DEVICE),
            ClockMode.SHADOW,
            "not a legal duty: MDR device: CRA Article 2(2)(a)",
            False,
        ),
        (product(ACCESSORY), ClockMode.SHADOW, "as an accessory", False),
        (product(DEVICE, EuRegime.IVDR), ClockMode.SHADOW, "Article 2(2)(b)", False),
        (product(DEVICE, legacy=True), ClockMode.SHADOW, "Article 2(2)(a)", True),
        (product(DEVICE, EuRegime.NONE), ClockMode.MANDATORY, "under neither", True),
        (product(DEVICE).model_copy(update={"eu": None}), ClockMode.SHADOW, "Article 2(2)", True),
        (product(None), ClockMode.MANDATORY, "nobody has qualified it", True),
        (None, ClockMode.MANDATORY, "catalogue", True),
        (product(OTHER, markets=("US",)), ClockMode.SHADOW, "not made available", False),
        (product(OTHER, markets=("NO",)), ClockMode.SHADOW, "not made available", False),
        (product(OTHER, markets=()), ClockMode.MANDATORY, "Article 2(1)", True),
    ],
)
def test_the_cyber_resilience_act_binds_what_is_no_medical_device(
    known: ProductRegistered | None, mode: ClockMode, reason: str, assumed: bool
) -> None:
    found = applicability(CRA, known)
    assert found.mode is mode
    assert reason in found.reason
    assert bool(found.assumed) is assumed


@pytest.mark.parametrize(
    ("known", "mode", "assumed"),
    [
        (product(DEVICE), ClockMode.MANDATORY, False),
        (product(ACCESSORY), ClockMode.MANDATORY, False),
        (product(OTHER), ClockMode.OFF, False),
        (product(DEVICE, markets=("BE",)), ClockMode.OFF, False),
        (product(DEVICE, markets=()), ClockMode.MANDATORY, True),
        (product(None), ClockMode.MANDATORY, True),
        (None, ClockMode.MANDATORY, True),
    ],
)
def test_part_806_binds_devices_on_the_us_market(
    known: ProductRegistered | None, mode: ClockMode, assumed: bool
) -> None:
    found = applicability(FDA, known)
    assert (found.mode, bool(found.assumed)) == (mode, assumed)


def test_company_policy_is_never_called_law() -> None:
    found = applicability(law("band.high.fix"), product(DEVICE))
    assert found.reason.startswith("company policy, not law")


def entity(country: str | None, seat: str | None = None) -> EntityRegistered:
    stated = Establishment(country=country) if country is not None else None
    return EntityRegistered(
        entity="e", name="E", country=seat, main_establishment=stated, registered_at=T0
    )


@pytest.mark.parametrize(
    ("maker", "zone", "country", "assumed"),
    [
        (entity("IE"), "Europe/Dublin", "IE", False),
        (entity(None, "DE"), "Europe/Berlin", "DE", True),
        (entity(None, "US"), "Europe/Brussels", None, True),
        (entity("US"), "Europe/Brussels", None, True),
        (None, "Europe/Brussels", None, True),
    ],
)
def test_union_periods_are_counted_at_the_main_establishment(
    maker: EntityRegistered | None, zone: str, country: str | None, assumed: bool
) -> None:
    found = place(FINAL, maker)
    assert (found.zone, found.country, bool(found.assumed)) == (zone, country, assumed)


def test_fda_periods_are_counted_in_new_york_wherever_the_maker_is() -> None:
    assert place(FDA, entity("IE")).zone == "America/New_York"


def test_a_national_rule_is_counted_in_its_own_country_wherever_the_maker_is() -> None:
    national = BOOK.rule("nis2.de.final")
    assert national is not None
    found = place(national, entity("IE"))
    assert (found.country, found.zone) == ("DE", "Europe/Berlin")


def test_a_regime_that_no_facts_answer_yet_is_off_and_never_called_policy() -> None:
    vigilance = BOOK.rule("mdr.serious_incident")
    assert vigilance is not None
    found = applicability(vigilance, product())
    assert found.mode is ClockMode.OFF
    assert "no facts answer yet" in found.reason

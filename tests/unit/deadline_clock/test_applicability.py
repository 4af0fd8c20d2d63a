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
from services.deadline_clock.domain.coordinator import coordinator
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
        (product(DEVICE).model_copy(update={"eu": None}), ClockMode.MANDATORY, "nobody", True),
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


@pytest.mark.parametrize(
    ("rule", "kind", "regime", "markets", "mode"),
    [
        ("mdr.serious_incident", DEVICE, EuRegime.MDR, ("BE",), ClockMode.MANDATORY),
        ("mdr.serious_incident", DEVICE, EuRegime.MDR, ("US",), ClockMode.OFF),
        ("mdr.serious_incident", DEVICE, EuRegime.IVDR, ("BE",), ClockMode.OFF),
        ("mdr.serious_incident", OTHER, EuRegime.NONE, ("BE",), ClockMode.OFF),
        ("ivdr.serious_incident", DEVICE, EuRegime.IVDR, ("BE",), ClockMode.MANDATORY),
        ("us803.30day", DEVICE, EuRegime.MDR, ("BE", "US"), ClockMode.MANDATORY),
        ("us803.30day", DEVICE, EuRegime.MDR, ("BE",), ClockMode.OFF),
        ("us803.30day", OTHER, EuRegime.NONE, ("US",), ClockMode.OFF),
        ("fda2016.fix", DEVICE, EuRegime.MDR, ("US",), ClockMode.MANDATORY),
    ],
)
def test_a_regime_binds_its_own_products_on_its_own_market(
    rule: str, kind: QualificationKind, regime: EuRegime, markets: tuple[str, ...], mode: ClockMode
) -> None:
    found = BOOK.rule(rule)
    assert found is not None
    assert applicability(found, product(kind, regime, markets)).mode is mode


def test_guidance_is_never_called_a_duty() -> None:
    rule = BOOK.rule("fda2016.notify")
    assert rule is not None
    assert applicability(rule, product(DEVICE)).reason.startswith("guidance, no duty")


def test_the_coordinator_is_the_first_step_of_the_cascade_that_gives_a_member_state() -> None:
    establishment = Establishment(employees="NO", representative="NL", users="FR")
    maker = entity("US").model_copy(update={"main_establishment": establishment})
    found = coordinator(maker)
    assert (found.country, found.assumed) == ("NL", ())
    assert "step (3)" in found.basis


def test_a_seat_is_taken_where_no_step_is_stated_and_said_to_be_assumed() -> None:
    maker = entity("IE").model_copy(update={"main_establishment": None, "country": "IE"})
    assert coordinator(maker).country == "IE"
    assert coordinator(maker).assumed
    assert coordinator(None).country is None


def test_a_filing_names_its_coordinator_and_by_which_step() -> None:
    maker = entity("IE")
    assert coordinator(maker).words.startswith("the CSIRT designated as coordinator in IE (NCSC")
    assert "see the reporting platform's list" in coordinator(entity("FR")).words
    assert "unknown" in coordinator(None).words

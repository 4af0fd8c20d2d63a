"""A model that a source writes where versions belong is met, and left to a person."""

from datetime import UTC, datetime

import pytest

from schemas.advisories import Assertion, Identifier, IdentifierKind, Status, Target, TargetKind
from schemas.findings import Matcher, Verdict
from schemas.sboms import Component
from services.intake.formats import version_text
from services.sbom_matcher.domain import claims, confidence, handles, matching
from services.sbom_matcher.domain.handles import Handle, Spoken
from services.sbom_matcher.domain.intervals import NO_RANGE
from services.sbom_matcher.domain.matching import Met, Stated, Stock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHIP = "cpe:2.3:h:acme:radio_qca9563:*:*:*:*:*:*:*:*"


def said(text: str, status: Status = Status.AFFECTED, vendor: str = "Acme, Inc.") -> list[Stated]:
    target = Target(kind=TargetKind.NAME, vendor=vendor, product="Platform")
    ranges = version_text.ranges(text)
    assertion = Assertion(asserter="acme", target=target, status=status, ranges=ranges)
    return [Stated(0, "V-1", "cve/1", NOW, claim) for claim in claims.read([assertion])]


def met(stated: list[Stated], found: tuple[Handle, ...]) -> list[Met]:
    stock = Stock("pump", "1", "", "c", found)
    return [each for mets in matching.match([stock], stated, NOW).values() for each in mets]


def part(name: str, **more: str | None) -> tuple[Handle, ...]:
    return handles.of_part(Component.model_validate({"ref": "r", "name": name, **more}))


@pytest.mark.parametrize("version", [None, "1.0", "spring build"])
def test_a_chip_that_is_listed_as_a_version_is_unknown_whatever_its_own(
    version: str | None,
) -> None:
    [found] = met(said("QCA9563"), part("Acme Radio QCA9563", cpe=CHIP, version=version))
    assert (found.verdict, found.reason, found.matcher) == (
        Verdict.UNKNOWN, NO_RANGE, Matcher.NAME,
    )  # fmt: skip
    assert confidence.of(found.matcher, found.ident) == "low"


def test_each_of_a_list_of_models_is_met_with_hyphens_or_without() -> None:
    for text in ("MMT-1711 | MMT-1712", "MMT1712, MMT1713"):
        assert met(said(text), part("Pump MMT-1712", supplier="Acme"))


def test_a_product_is_met_by_the_model_number_in_its_catalogue_entry() -> None:
    number = Identifier(kind=IdentifierKind.MODEL_NUMBER, value="MMT-1712 B")
    own = handles.of_product("pump", "1.0", (Spoken("Acme", "Pump", None, (number,)),))
    assert met(said("MMT-1712B"), own)
    assert not met(said("MMT-1712"), own)


def test_a_product_name_in_the_place_of_a_version_is_met_by_the_whole_name() -> None:
    assert met(said("FastLink 6900"), part("FastLink 6900", supplier="Acme"))
    assert not met(said("FastLink 6900"), part("FastLink 6900 Driver", supplier="Acme"))


def test_another_vendors_model_and_a_longer_one_are_not_met() -> None:
    assert not met(said("QCA9563", vendor="Other"), part("Radio QCA9563", supplier="Acme"))
    assert not met(said("QCA956"), part("Radio QCA9563", supplier="Acme"))
    assert not met(said("QCA9563"), part("Radio QCA9563"))


def test_what_would_clear_a_model_says_nothing() -> None:
    assert not met(said("QCA9563", Status.NOT_AFFECTED), part("Radio QCA9563", supplier="Acme"))

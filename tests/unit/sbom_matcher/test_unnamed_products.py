"""A source that names a vendor but not exactly which product is left to a person, never silent."""

from datetime import UTC, datetime

import pytest

from schemas.advisories import Assertion, Platform, Range, Status, Target, TargetKind
from schemas.findings import Verdict
from schemas.sboms import Component
from services.sbom_matcher.domain import claims, handles, matching
from services.sbom_matcher.domain.claims import ANY_PRODUCT
from services.sbom_matcher.domain.handles import Spoken
from services.sbom_matcher.domain.matching import PLATFORM_UNCONFIRMED, Met, Stated, Stock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BASH = "cpe:2.3:a:gnu:bash:5.1:*:*:*:*:*:*:*"


def said(
    cpe: str, status: Status = Status.AFFECTED, *ranges: Range, on: str | None = None
) -> list[Stated]:
    platform = Platform(target=Target(kind=TargetKind.CPE, cpe=on)) if on else None
    assertion = Assertion(
        asserter="cna", target=Target(kind=TargetKind.CPE, cpe=cpe), status=status, ranges=ranges,
        platforms=((platform,),) if platform else (),
    )  # fmt: skip
    return [Stated(0, "V-1", "cve/1", NOW, claim) for claim in claims.read([assertion])]


def met(stated: list[Stated], *names: str, version: str = "5.1") -> list[Met]:
    first, *others = names or (BASH,)
    part = Component(
        ref="r", name="n", version=version, cpe=first, other_identifiers=tuple(others)
    )  # fmt: skip
    stock = Stock("pump", "1", "", "c", handles.of_component(part))
    return [each for mets in matching.match([stock], stated, NOW).values() for each in mets]


@pytest.mark.parametrize("cpe", [
    "cpe:2.3:a:gnu:*:*:*:*:*:*:*:*:*", "cpe:2.3:*:gnu:*:*:*:*:*:*:*:*:*",
    "cpe:2.3:a:gnu:ba*:*:*:*:*:*:*:*:*", "cpe:/a:gnu",
])  # fmt: skip
def test_every_product_of_the_vendor_that_may_be_meant_is_unknown(cpe: str) -> None:
    [found] = met(said(cpe))
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, ANY_PRODUCT)


@pytest.mark.parametrize("cpe", [
    "cpe:2.3:a:gnu:z*:*:*:*:*:*:*:*:*", "cpe:2.3:o:gnu:*:*:*:*:*:*:*:*:*",
    "cpe:2.3:a:acme:*:*:*:*:*:*:*:*:*", "cpe:2.3:a:gnu:-:*:*:*:*:*:*:*:*",
])  # fmt: skip
def test_a_product_that_cannot_be_meant_is_not_met(cpe: str) -> None:
    assert met(said(cpe)) == []


def test_versions_outside_of_what_the_source_names_are_not_met() -> None:
    assert met(said("cpe:2.3:a:gnu:*:*:*:*:*:*:*:*:*", Status.AFFECTED, Range(fixed="5.0"))) == []


def test_what_would_clear_a_vendors_products_clears_none() -> None:
    assert met(said("cpe:2.3:a:gnu:*:*:*:*:*:*:*:*:*", Status.NOT_AFFECTED)) == []


def test_a_pattern_may_mean_any_of_the_names_that_a_scanner_guessed() -> None:
    other = "cpe:2.3:a:gnu:bourne_again:5.1:*:*:*:*:*:*:*"
    assert met(said("cpe:2.3:a:gnu:bourne*:*:*:*:*:*:*:*:*"), BASH, other)


def test_a_catalogue_product_is_met_as_one_of_its_vendors() -> None:
    spoken = (Spoken("Acme", "Pump", "cpe:2.3:h:acme:pump:*:*:*:*:*:*:*:*"),)
    stock = Stock("pump", "1", "", "", handles.of_product("pump", "1", spoken))
    found = matching.match([stock], said("cpe:2.3:h:acme:*:*:*:*:*:*:*:*:*"), NOW)
    assert {each.reason for mets in found.values() for each in mets} == {ANY_PRODUCT}


def test_a_platform_that_is_not_named_is_never_shown() -> None:
    [found] = met(said(BASH, on="cpe:2.3:a:gnu:*:*:*:*:*:*:*:*:*"))
    assert found.reason == PLATFORM_UNCONFIRMED

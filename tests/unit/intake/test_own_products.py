"""Which of our products a person's statement means, by the identities of the catalogue."""

from datetime import UTC, datetime

import pytest

from schemas.advisories import Assertion, Platform, Range, Status, Target, TargetKind, Vulnerability
from schemas.catalogue import Identity, ProductRegistered, ProductVersion
from services.intake.domain import own_products
from services.intake.formats import named

AT = datetime(2026, 1, 2, tzinfo=UTC)
CPE = "cpe:2.3:a:acme:infusion_pump:{}:*:*:*:*:*:*:*"


def product(name: str, *identities: Identity, brand: str = "") -> ProductRegistered:
    return ProductRegistered(
        product=name, name=brand or name, entity="acme", registered_at=AT, identities=identities,
        versions=(ProductVersion(version="1.0"), ProductVersion(version="2.0")),
    )  # fmt: skip


PUMP = own_products.own(
    product("pump", Identity(vendor="Acme GmbH", product="Infusion Pump", cpe=CPE.format("*"))),
    ["pkg:deb/acme/pumpware@1.0"],
)
MONITOR = own_products.own(product("monitor", brand="Acme Monitor"))
CATALOGUE = (PUMP, MONITOR)


def claim(name: str, *, part: str | None = None, **more: object) -> Assertion:
    whole, ranges = named.needed(name, "/")
    if part is None:
        return made(whole, ranges).model_copy(update=more)
    target, inner = named.needed(part, "/")
    return made(target, inner).model_copy(update={"platforms": named.inside((whole, ranges))})


def made(target: Target, ranges: tuple[Range, ...]) -> Assertion:
    return Assertion(asserter="us", target=target, status=Status.NOT_AFFECTED, ranges=ranges)


def resolved(
    one: Assertion, catalogue: tuple[own_products.Own, ...] = CATALOGUE
) -> tuple[tuple[Assertion, ...], tuple[str, ...]]:
    found = own_products.resolve([Vulnerability(id="CVE-2026-1", assertions=(one,))], catalogue)
    return found.vulnerabilities[0].assertions, found.notes


@pytest.mark.parametrize("name", [
    "pkg:deb/acme/pumpware@1.0", "pkg:generic/pump@1.0", "pkg:generic/Infusion%20Pump@1.0",
    "pkg:generic/acme-gmbh/infusion-pump@1.0", CPE.format("1.0"), "cpe:/a:acme:infusion_pump:1.0",
])  # fmt: skip
def test_a_product_named_as_others_do_is_limited_to_that_version_of_it(name: str) -> None:
    (found,), notes = resolved(claim(name))
    assert (found.product, found.product_version, found.ranges) == ("pump", "1.0", ())
    assert (found.target.kind, found.target.product) == (TargetKind.NAME, "pump")
    assert notes == ()


def test_a_name_without_a_version_means_every_version() -> None:
    (found,), _ = resolved(claim(CPE.format("*")))
    assert (found.product, found.product_version) == ("pump", None)


def test_a_part_of_such_a_product_is_meant_in_there_only() -> None:
    (found,), notes = resolved(claim("pkg:generic/pump@2.0", part="pkg:npm/lodash@4.17.20"))
    assert (found.product, found.product_version, found.platforms) == ("pump", "2.0", ())
    assert (found.target.purl, found.ranges) == ("pkg:npm/lodash", (Range(exact=("4.17.20",)),))
    assert notes == ()


def test_a_range_of_versions_stays_one_and_each_single_version_is_a_claim() -> None:
    whole, _ = named.needed("pkg:generic/pump", "/")
    below = (Range(fixed="2.0"),)
    assert resolved(made(whole, below))[0][0].ranges == below
    both, _ = resolved(made(whole, (Range(exact=("1.0", "2.0")),)))
    assert [each.product_version for each in both] == ["1.0", "2.0"]


def test_a_name_of_several_products_is_limited_to_none_and_says_which() -> None:
    twin = own_products.own(product("pump-2", brand="Pump"))
    one = claim("pkg:generic/pump@1.0")
    (found,), (note,) = resolved(one, (PUMP, twin))
    assert found == one
    assert "several products (pump, pump-2)" in note


def test_what_names_none_of_our_products_stays_and_is_told() -> None:
    one = claim("pkg:npm/lodash@4.17.20")
    (found,), (note,) = resolved(one)
    assert found == one
    assert "pkg:npm/lodash is no product of the catalogue" in note
    assert "urn:patchvigil:product:<id>@<version>" in own_products.told((note,))
    _, (inside,) = resolved(claim("pkg:npm/server@1.0", part="pkg:npm/lodash"))
    assert "holds only where an SBOM lists it" in inside


def test_a_product_or_version_that_the_catalogue_lacks_is_told() -> None:
    ours = claim("pkg:npm/lodash").model_copy(update={"product": "pmup"})
    assert "'pmup' is no product of the catalogue" in resolved(ours)[1][0]
    ours = ours.model_copy(update={"product": "pump", "product_version": "9"})
    assert "'pump' has no version '9'" in resolved(ours)[1][0]
    assert "'pump' has no version '9'" in resolved(claim("pkg:generic/pump@9"))[1][0]


def test_a_claim_that_needs_several_platforms_is_left_as_it_is() -> None:
    whole, ranges = named.needed("pkg:generic/pump@1.0", "/")
    group = (Platform(target=whole, ranges=ranges),)
    one = claim("pkg:npm/lodash").model_copy(update={"platforms": (group, group)})
    assert resolved(one) == ((one,), ())

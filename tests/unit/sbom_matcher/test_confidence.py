"""How sure a match is follows from the identifier that was used."""

import pytest

from schemas.findings import Confidence, Matcher
from services.sbom_matcher.domain import confidence, cpe


@pytest.mark.parametrize(("matcher", "ident", "rated"), [
    (Matcher.PURL, "purl:npm/a", Confidence.HIGH), (Matcher.IDENTIFIER, "udi:1", Confidence.HIGH),
    (Matcher.CPE, "cpe:a:acme:x", Confidence.MEDIUM), (Matcher.NAME, "name:acme|x", Confidence.LOW),
])  # fmt: skip
def test_an_identifier_rates_a_match(matcher: Matcher, ident: str, rated: Confidence) -> None:
    assert confidence.of(matcher, ident) is rated


def test_a_cpe_name_met_without_its_vendor_is_no_surer_than_a_name() -> None:
    name = cpe.read("cpe:2.3:a:acme:x:1:*:*:*:*:*:*:*")
    assert name
    key = cpe.of_product(name)
    assert key
    assert confidence.of(Matcher.CPE, key) is Confidence.LOW

"""Which SBOM is handed out: by channel, format and role, and which one a device runs."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import handing_out
from services.intake.domain.handing_out import Place, UnwritableError
from tests.component.intake import documents

PLACE = Place("pump", "1", "rev-b")
WHEN = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_every_channel_names_the_roles_that_hand_it_out() -> None:
    assert handing_out.roles("regulatory") == {"regulatory", "quality"}
    assert handing_out.roles("customer") == {"psirt", "regulatory", "quality"}
    assert handing_out.roles("customer") < handing_out.roles("internal")


def test_the_original_goes_by_the_internal_channel_alone() -> None:
    assert handing_out.fits("internal", "original")
    assert not handing_out.fits("customer", "original")
    assert not handing_out.fits("regulatory", "original")
    assert handing_out.fits("customer", "spdx-2.3")


def test_a_document_without_a_date_gets_that_of_its_registration() -> None:
    raw = documents.encoded(documents.sbom("pump", "1"))
    handed = handing_out.write(raw, PLACE, "customer", "cyclonedx-1.6", None, WHEN)
    assert b'"timestamp": "2026-11-20T12:00:00Z"' in handed.content


def test_the_product_is_what_the_sbom_was_registered_for() -> None:
    raw = documents.encoded(documents.sbom("REDACTED", "0"))
    handed = handing_out.write(raw, PLACE, "internal", "cyclonedx-1.6", None, WHEN)
    assert b"rev-b" in handed.content
    assert b'"pump"' in handed.content


def test_a_document_that_is_no_sbom_is_named_as_such() -> None:
    raw = documents.encoded(documents.cve(1001))
    with pytest.raises(UnwritableError, match="cve"):
        handing_out.write(raw, PLACE, "internal", "spdx-2.3", None, WHEN)


@given(st.frozensets(st.sampled_from(["", "a", "b"])), st.sampled_from(["", "a", "b"]))
def test_another_hardware_configuration_never_stands_in(held: frozenset[str], own: str) -> None:
    chosen, fit = handing_out.fitting(held, own)
    assert chosen in {own, "", None}
    assert (fit == "exact") == (own in held)
    assert (fit == "none") == (own not in held and "" not in held)

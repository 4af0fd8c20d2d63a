"""A draft invents nothing: each value has its source, each gap its reason."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from schemas.cases import ScopeStatus
from schemas.clocks import ClockMode, ClockState
from services.notification.domain.document import canonical, differing, digest, read
from services.notification.domain.draft import Earlier, Fill
from services.notification.domain.facts import Held
from services.notification.domain.template import Status, TemplateError, parse
from services.notification.template_library import library, template_of
from tests.unit.notification.conftest import NOW, SOURCE, Desk, clock, facts, product, scoped

TEMPLATES = sorted(library())


def test_the_three_filing_stages_and_806_are_data_with_the_reading_they_follow() -> None:
    assert TEMPLATES == ["srp-aev-early-warning", "srp-aev-final", "srp-aev-notification", "us-806"]
    for each in library().values():
        assert each.glossary_version
        assert each.open_points
    assert {f.number for f in library()["us-806"].fields} == {f"c{n}" for n in range(1, 14)}
    early = [f.number for f in library()["srp-aev-early-warning"].fields]
    assert early[:3] == ["1", "2", "3"]
    assert "18" not in early
    assert "v28" in [f.number for f in library()["srp-aev-notification"].fields]


def test_a_clock_may_name_its_template_with_a_version() -> None:
    assert template_of("us-806@2026-11") is library()["us-806"]
    assert template_of("nothing-we-know") is None
    assert template_of(None) is None


@given(
    template=st.sampled_from(TEMPLATES),
    without=st.sets(st.sampled_from(["case", "product", "entity"])),
    markets=st.sets(st.sampled_from(["DE", "FR", "NO", "US"])),
    statuses=st.lists(st.sampled_from(ScopeStatus), max_size=4),
    anchored=st.booleans(),
    mode=st.sampled_from([ClockMode.MANDATORY, ClockMode.SHADOW]),
)
def test_no_field_has_a_value_without_a_source_nor_is_silent(
    template: str,
    without: set[str],
    markets: set[str],
    statuses: list[ScopeStatus],
    anchored: bool,
    mode: ClockMode,
) -> None:
    held = facts(
        product=Held(product(markets=tuple(sorted(markets))), SOURCE),
        case=Held(scoped(*((f"v{n}", s) for n, s in enumerate(statuses))), SOURCE),
        clock=Held(clock(mode=mode, **({} if anchored else {"anchor": None})), SOURCE),
    )
    held = replace(
        held,
        case=None if "case" in without else held.case,
        product=None if "product" in without else held.product,
        entity=None if "entity" in without else held.entity,
    )
    document = Desk(template).draft(held)
    open_fields = {gap.field for gap in document.gaps}
    for state in document.fields:
        if state.status is Status.KNOWN:
            assert state.source is not None
            assert state.value
        else:
            assert state.value is None
            assert state.reason
        if state.must and state.status is Status.UNKNOWN:
            assert state.id in open_fields
    assert document.standing == "prepared, not sent"
    assert (document.legal_duty == "not a legal duty") is (mode is ClockMode.SHADOW)


def test_a_version_whose_verdict_is_unknown_is_a_gap_never_left_out(desk: Desk) -> None:
    case = scoped(("4.1", ScopeStatus.AFFECTED), ("4.0", ScopeStatus.UNKNOWN))
    state = desk.draft(facts(case=Held(case, SOURCE))).field("product_version")
    assert state is not None
    assert state.reason == "not decided for 4.0; affected so far: 4.1"


def test_only_member_states_are_listed_as_such(desk: Desk) -> None:
    state = desk.draft().field("member_states")
    assert state is not None
    assert state.value == ("DE",)


def test_a_provisional_clock_has_no_awareness_to_report(desk: Desk) -> None:
    anchor = clock().anchor
    assert anchor is not None
    held = clock(
        state=ClockState.PROVISIONAL, anchor=anchor.model_copy(update={"name": "signal_held_at"})
    )
    state = desk.draft(facts(clock=Held(held, SOURCE))).field("aware_at")
    assert state is not None
    assert state.status is Status.UNKNOWN
    assert "not been assessed" in (state.reason or "")


def test_a_value_over_its_limit_is_a_required_gap_that_names_the_limit(desk: Desk) -> None:
    document = desk.draft(facts(product=Held(product(name="W" * 256), SOURCE)))
    [gap] = [gap for gap in document.gaps if gap.field == "product_name"]
    assert gap.required
    assert gap.reason == "256 characters, the limit is 255: shorten it by 1"


def test_what_a_person_states_wins_and_the_records_stay_visible(desk: Desk) -> None:
    fill = Fill("title", Status.KNOWN, "psirt", NOW, "A better title")
    state = desk.draft(None, fill).field("title")
    assert state is not None
    assert (state.value, state.records_say) == ("A better title", "Flaw")
    assert state.source is not None
    assert (state.source.kind, state.source.ref) == ("person", "psirt")


def test_the_canonical_form_is_the_same_bytes_and_reads_back(desk: Desk) -> None:
    document = desk.draft()
    content = canonical(document)
    assert read(content) == document
    assert canonical(read(content)) == content
    assert list(json.loads(content)) == sorted(json.loads(content))
    assert len(digest(content)) == 64


@given(title=st.text(min_size=1), reason=st.text(min_size=1))
def test_the_canonical_form_is_what_rfc_8785_asks_for(title: str, reason: str) -> None:
    fills = (
        Fill("title", Status.KNOWN, "psirt", NOW, title),
        Fill("euvd_id", Status.NOT_APPLICABLE, "psirt", NOW, None, reason),
    )
    document = Desk().draft(None, *fills)
    assert canonical(document) == rfc8785.dumps(document.model_dump(mode="json"))


def test_a_newer_event_that_says_the_same_makes_no_difference(desk: Desk) -> None:
    later = replace(SOURCE, ref="another", at=NOW + timedelta(hours=1))
    again = desk.draft(facts(product=Held(product(), later)), revision=2)
    assert differing(desk.draft(), again) == ()
    renamed = desk.draft(facts(product=Held(product(name="Other"), later)))
    assert differing(desk.draft(), renamed) == ("product_name",)


def test_a_filed_stage_carries_its_values_whatever_the_facts_say_later(desk: Desk) -> None:
    filed = Earlier(desk.draft(), filed=True)
    newer = facts(product=Held(product(name="Renamed"), SOURCE))
    later = Desk("srp-aev-notification").draft(newer, earlier=(filed,)).field("product_name")
    assert later is not None
    assert (later.value, later.carried_from) == ("Ward Gateway", "srp-aev-early-warning")
    unfiled = Earlier(desk.draft(), filed=False)
    later = Desk("srp-aev-notification").draft(newer, earlier=(unfiled,)).field("product_name")
    assert later is not None
    assert (later.value, later.carried_from) == ("Renamed", None)


def test_what_was_required_at_an_earlier_stage_stays_required_where_it_is_carried() -> None:
    rule = library()["srp-aev-final"].field("title")
    assert rule is not None
    assert rule.must
    optional = library()["srp-aev-final"].field("cve_id")
    assert optional is not None
    assert not optional.must


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ({}, "source"),
        ("text", "file"),
        (
            {
                "source": "s", "glossary_version": "1", "read_on": "2026-01-01",
                "confidence": "verified", "channel": "c",
                "templates": [
                    {"id": "t", "stage": "a", "title": "T", "authority": "A", "stage_note": "n"}
                ],
                "fields": [
                    {"id": "f", "number": "1", "label": "F", "basis": "b", "codes": {"b": "R"}}
                ],
            },
            "unknown stages",
        ),
    ],
)  # fmt: skip
def test_a_broken_template_file_says_where(raw: object, wanted: str) -> None:
    with pytest.raises(TemplateError, match=wanted):
        parse(raw)

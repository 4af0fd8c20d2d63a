"""A draft's life on the real stack: prepared with gaps, filled, approved, filed; never invented."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from schemas.campaigns import CoverageChanged, CoverageForgotten
from schemas.cases import CaseMerged, ExploitationAssessed, ExploitationVerdict
from schemas.catalogue import ProductVersion
from schemas.clocks import Anchor, ClockEnded, ClockMode, ClockMoved, ClockState
from schemas.devices import DeviceState, Method
from schemas.drafts import DraftApproved, DraftPrepared, DraftVoided, FilingRecorded
from services.notification.rechecker import CASES
from tests.component.notification.conftest import Running
from tests.component.notification.stage import Stage, required, settled, state, value
from tests.neighbours import eventually


async def fill(
    stage: Stage, draft: dict[str, Any], who: str = "psirt", **values: object
) -> httpx.Response:
    fields = [{"field": name, "value": given} for name, given in values.items()]
    return await stage.post(f"/v1/drafts/{draft['draft']}/fill", {"fields": fields}, who)


async def approve(stage: Stage, draft: dict[str, Any], who: str) -> httpx.Response:
    body = {"revision": draft["revision"], "digest": draft["digest"]}
    return await stage.post(f"/v1/drafts/{draft['draft']}/approve", body, who)


async def file(stage: Stage, draft: dict[str, Any], **more: object) -> httpx.Response:
    body = {
        "clock": draft["clock"], "receipt": f"SRP-{stage.case}", "products": [stage.product],
        "filed_at": datetime.now(UTC).isoformat(), "draft": draft["draft"],
        "revision": draft["revision"], "digest": draft["digest"], **more,
    }  # fmt: skip
    return await stage.post("/v1/filings", body, "regulatory")


async def test_a_draft_is_prepared_filled_approved_by_another_and_filed(
    service: Running, stage: Stage
) -> None:
    await stage.facts(markets=())
    clock = stage.clock(state=ClockState.PROVISIONAL, anchor=None)
    await stage.start(clock)
    draft = await settled(stage)
    assert required(draft) == {"member_states", "aware_at"}
    assert value(draft, "product_name") == "Ward Gateway"
    assert state(draft, "product_name")["source"]["what"] == "product.registered.v1"
    assert draft["document"]["duty"]["provisional"]
    refused = await approve(stage, draft, "regulatory")
    assert refused.status_code == 409
    assert "member_states" in refused.text
    assert "aware_at" in refused.text
    assessed = ExploitationAssessed(
        case=stage.case, product=stage.product, verdict=ExploitationVerdict.EXPLOITED,
        aware_at=datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC), assessed_at=datetime.now(UTC),
        assessed_by="psirt", ground="seen in a customer's logs",
    )  # fmt: skip
    await service.others.publish(assessed)

    async def assessed_draft() -> dict[str, Any] | None:
        shown = await stage.draft()
        return shown if value(shown, "aware_at") == "2026-11-22T03:04:05Z" else None

    await eventually(assessed_draft)
    answer = await fill(stage, draft, member_states=["DE", "FR"])
    assert answer.status_code == 200, answer.text
    filled = answer.json()
    assert (required(filled), filled["authors"]) == (set(), ["psirt"])
    assert filled["approvals_needed"] == 1
    answer = await fill(stage, draft, who="regulatory", impact="Calls are lost")
    assert answer.json()["authors"] == ["psirt", "regulatory"]
    by_author = await approve(stage, answer.json(), "regulatory")
    assert by_author.status_code == 409
    assert "author" in by_author.json()["detail"]
    assert by_author.json()["parameter"] == "Authorization"
    done = await approve(stage, answer.json(), "quality")
    assert done.status_code == 200, done.text
    assert done.json()["approved"]
    told = await service.others.event(DraftApproved, case=stage.case)
    assert (told.approved_by, told.complete) == ("quality", True)
    filed = await file(stage, done.json())
    assert filed.status_code == 201, filed.text
    recorded = await service.others.event(FilingRecorded, case=stage.case)
    assert recorded.receipt == f"SRP-{stage.case}"
    assert recorded.mismatches == ("the clock was provisional: nobody had assessed it",)


async def test_where_only_the_machine_wrote_two_people_approve(stage: Stage) -> None:
    await stage.facts()
    await stage.start(stage.clock())
    draft = await settled(stage)
    assert draft["authors"] == []
    first = (await approve(stage, draft, "quality")).json()
    assert (first["approved"], first["approvals_needed"]) == (False, 2)
    assert (await approve(stage, draft, "quality")).status_code == 409
    second = (await approve(stage, draft, "regulatory")).json()
    assert second["approved"]


async def test_only_the_roles_that_may_approve_do(stage: Stage) -> None:
    await stage.facts()
    await stage.start(stage.clock())
    draft = await settled(stage)
    assert (await approve(stage, draft, "psirt")).status_code == 403
    assert (await fill(stage, draft, who="operations", title="x")).status_code == 403


async def test_a_persons_edit_voids_approvals(service: Running, stage: Stage) -> None:
    await stage.facts()
    await stage.start(stage.clock())
    draft = await settled(stage)
    await approve(stage, draft, "quality")
    assert (await approve(stage, draft, "regulatory")).json()["approved"]
    edited = (await fill(stage, draft, title="Flaw in the gateway")).json()
    assert (edited["approved"], edited["approved_by"]) == (False, [])
    assert edited["revision"] == draft["revision"] + 1
    voided = await service.others.event(DraftVoided, case=stage.case)
    assert "psirt" in voided.because


async def test_newer_facts_make_a_revision_beside_the_approved_one_which_stays_fileable(
    service: Running, stage: Stage
) -> None:
    await stage.facts()
    await stage.start(stage.clock())
    draft = await settled(stage)
    await approve(stage, draft, "quality")
    await approve(stage, draft, "regulatory")
    await service.others.publish(stage.scoped("A sharper title"))
    newer = await stage.draft(revision=draft["revision"] + 1)
    assert (newer["approved"], newer["approved_revision"]) == (False, draft["revision"])
    assert newer["outdated_fields"] == ["title"]
    told = await service.others.event(DraftPrepared, case=stage.case, outdates=draft["revision"])
    assert told.differing == ("title",)
    filed = (await file(stage, draft)).json()
    assert filed["mismatches"] == [f"revision {draft['revision']} was outdated in: title"]


async def test_a_shadow_draft_is_neither_approved_nor_recorded_as_filed(stage: Stage) -> None:
    await stage.facts()
    await stage.start(
        stage.clock(mode=ClockMode.SHADOW, mode_reason="not a legal duty: Article 2(2)")
    )
    draft = await settled(stage)
    assert draft["document"]["legal_duty"] == "not a legal duty"
    refused = await approve(stage, draft, "quality")
    assert (refused.status_code, "shadow" in refused.json()["detail"]) == (409, True)
    filed = await file(stage, draft)
    assert (filed.status_code, "not a legal duty" in filed.json()["detail"]) == (409, True)


async def test_a_later_stage_carries_what_was_filed_and_flags_an_unfiled_earlier_one(
    service: Running, stage: Stage
) -> None:
    await stage.facts()
    await stage.start(stage.clock())
    await stage.start(stage.clock("notification"))
    first = await settled(stage)
    later = await settled(stage, "notification")
    early = await file(stage, later, receipt="72 before 24")
    assert any("earlier stage" in each for each in early.json()["mismatches"])
    edited = (await fill(stage, first, summary="As a person wrote it")).json()
    await file(stage, edited)
    await service.others.publish(stage.scoped("Written after the filing"))

    async def retitled() -> bool:
        return bool(value(await stage.draft(), "title") == "Written after the filing")

    await eventually(retitled)
    shown = await stage.draft("notification")
    assert value(shown, "title") == value(edited, "title")
    assert value(shown, "summary") == "As a person wrote it"
    assert state(shown, "title")["carried_from"] == "srp-aev-early-warning"
    assert "psirt" in shown["authors"], "who wrote a carried value is an author of it here too"


async def test_a_value_over_its_limit_is_a_gap_that_names_the_limit(stage: Stage) -> None:
    await stage.facts(name="W" * 300)
    await stage.start(stage.clock())
    draft = await settled(stage)
    [gap] = [each for each in draft["gaps"] if each["field"] == "product_name"]
    assert gap["required"]
    assert gap["reason"] == "300 characters, the limit is 255: shorten it by 45"
    refused = await fill(stage, draft, product_name="W" * 256)
    assert refused.status_code == 422
    assert (refused.json()["pointer"], "255" in refused.text) == ("/fields/0/value", True)


async def test_bad_fills_name_the_field_the_reason_and_the_mend(stage: Stage) -> None:
    await stage.facts()
    await stage.start(stage.clock())
    draft = await settled(stage)
    for field, given, wanted in (
        ("nonsense", "x", "has no field nonsense"),
        ("manufacturer_name", "x", "filled by the portal"),
        ("aware_at", "yesterday", "not an instant"),
        ("member_states", ["DE", "CH"], "not Member State codes: CH"),
        ("product_type", "Huge", "not one of"),
    ):
        body = {"fields": [{"field": field, "value": given}]}
        answer = await stage.post(f"/v1/drafts/{draft['draft']}/fill", body)
        assert answer.status_code == 422
        assert wanted in answer.json()["detail"]
        assert answer.json()["mend"]


async def test_a_filing_in_the_future_and_one_for_an_unknown_clock_are_refused(
    stage: Stage,
) -> None:
    await stage.facts()
    await stage.start(stage.clock())
    draft = await settled(stage)
    future = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    answer = await file(stage, draft, filed_at=future)
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/filed_at")
    answer = await file(stage, draft, clock="no-such-clock")
    assert (answer.status_code, answer.json()["pointer"]) == (404, "/clock")


async def test_an_ended_clock_voids_its_draft(service: Running, stage: Stage) -> None:
    await stage.facts()
    clock = stage.clock()
    await stage.start(clock)
    draft = await settled(stage)
    ended = clock.model_copy(update={"state": ClockState.NOT_APPLICABLE})
    await service.others.publish(
        ClockEnded(clock=ended, because="not exploited in this product", decided_by="psirt")
    )
    await stage.draft(ended=True)
    assert (await approve(stage, draft, "quality")).status_code == 409
    voided = await service.others.event(DraftVoided, case=stage.case)
    assert "not exploited in this product" in voided.because


async def test_the_806_report_counts_devices_and_states_what_is_not_available(
    service: Running, stage: Stage
) -> None:
    await stage.facts()
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    anchor = Anchor(name="initiated_at", at=at, set_by="quality", set_at=at)
    await stage.start(stage.clock("report", anchor=anchor))
    cell = {
        "campaign": f"c-{stage.case}", "case": stage.case, "product": stage.product,
        "version": "4.1", "method": Method.MANUAL, "wave": 1, "covered": 0,
        "counted_at": datetime.now(UTC),
    }  # fmt: skip
    for market, total in (("US", 120), ("DE", 80)):
        await service.others.publish(
            CoverageChanged(
                **cell, market=market, total=total, states={DeviceState.NOT_OFFERED: total}
            )
        )

    async def counted() -> dict[str, Any] | None:
        shown = await stage.draft("report")
        return shown if value(shown, "c9.total") == "200" else None

    draft = await eventually(counted)
    assert state(draft, "c9.total")["source"]["what"] == "coverage.changed.v1"
    assert state(draft, "c1.number")["status"] == "unknown"
    fields: list[dict[str, object]] = [
        {"field": "c1.registration", "value": "0000000"},
        {"field": "c1.date", "value": "2026-12-01"},
        {"field": "c1.sequence", "value": "001"},
        {"field": "c1.type", "value": "C"},
        {
            "field": "c11.consignees", "status": "pending", "until": "2026-12-10",
            "reason": "the list is being collected",
        },
    ]  # fmt: skip
    answer = await stage.post(f"/v1/drafts/{draft['draft']}/fill", {"fields": fields})
    assert answer.status_code == 200, answer.text
    filled = answer.json()
    assert value(filled, "c1.number") == "0000000-12/1/26-001-C"
    assert "2026-12-10" in value(filled, "c13.not_available")
    assert "c11.consignees" not in required(filled)


async def test_what_the_topic_forgets_of_coverage_is_still_known(
    service: Running, stage: Stage
) -> None:
    await stage.facts()
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    await stage.start(
        stage.clock("report", anchor=Anchor(name="initiated_at", at=at, set_by="q", set_at=at))
    )

    def cell(market: str, total: int) -> CoverageChanged:
        return CoverageChanged(
            campaign=f"c-{stage.case}", case=stage.case, product=stage.product, version="4.1",
            method=Method.MANUAL, wave=1, market=market, total=total, covered=0,
            states={DeviceState.NOT_OFFERED: total}, counted_at=datetime.now(UTC),
        )  # fmt: skip

    american = cell("US", 120)
    await service.others.publish(american)
    await service.others.forget(CoverageForgotten(american.key))
    await service.others.publish(cell("DE", 80))

    async def counted() -> bool:
        return bool(value(await stage.draft("report"), "c9.total") == "200")

    assert await eventually(counted)
    await service.others.publish(american.model_copy(update={"total": 121}))

    async def newer() -> bool:
        return bool(value(await stage.draft("report"), "c9.total") == "201")

    assert await eventually(newer)


async def test_the_sheet_lists_gaps_first_and_holds_nothing_inline(stage: Stage) -> None:
    await stage.facts(markets=(), name="Gateway <script>alert(1)</script>")
    await stage.start(stage.clock())
    draft = await settled(stage)
    answer = await stage.client.get(
        f"/v1/drafts/{draft['draft']}.html", headers=stage.world.headers("psirt")
    )
    assert answer.status_code == 200
    page = answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert page.index("Open fields") < page.index("Fields, in the order of the form")
    assert "prepared, not sent" in page
    assert "cra@2026.11.21 (law, verified)" in page
    assert "<script>alert" not in page
    for forbidden in ("style=", "onclick=", "<style", "javascript:"):
        assert forbidden not in page
    asset = await stage.client.get("/assets/sheet.css")
    assert asset.headers["content-type"].startswith("text/css")


async def test_a_notice_and_a_request_are_recorded_and_a_clock_mode_change_shows(
    service: Running, stage: Stage
) -> None:
    await stage.facts()
    clock = stage.clock(mode=ClockMode.SHADOW, mode_reason="not decided")
    await stage.start(clock)
    await settled(stage)
    binding = clock.model_copy(
        update={"mode": ClockMode.MANDATORY, "mode_reason": "no device: CRA applies"}
    )
    moved = ClockMoved(clock=binding, previous_state=clock.state, because="qualification decided")
    await service.others.publish(moved)
    await stage.draft(shadow=False)
    now = datetime.now(UTC).isoformat()
    notice = {
        "case": stage.case, "kind": "workaround", "channel": "mail", "recipients": 12,
        "sent_at": now,
    }  # fmt: skip
    assert (await stage.post("/v1/notices", notice)).status_code == 201
    request = {"case": stage.case, "authority": "CSIRT", "received_at": now}
    answer = await stage.post("/v1/requests", request, "regulatory")
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("path", ["/v1/notices", "/v1/requests"])
async def test_what_was_sent_or_asked_on_an_unknown_case_is_refused_at_its_field(
    stage: Stage, path: str
) -> None:
    now = datetime.now(UTC).isoformat()
    bodies: dict[str, dict[str, object]] = {
        "/v1/notices": {
            "kind": "workaround", "channel": "mail", "recipients": 12, "sent_at": now,
        },
        "/v1/requests": {"authority": "CSIRT", "received_at": now},
    }  # fmt: skip
    answer = await stage.post(path, {"case": "PV-2019-0001", **bodies[path]}, "regulatory")
    assert answer.status_code == 422
    assert answer.json()["pointer"] == "/case"
    assert answer.json()["mend"]


async def test_what_lies_before_the_product_existed_is_refused_at_its_field(stage: Stage) -> None:
    await stage.facts(versions=(ProductVersion(version="4.1", released_on=date(2024, 5, 1)),))
    clock = stage.clock()
    await stage.start(clock)
    await settled(stage)
    early = "1999-01-01T00:00:00Z"
    told = {"case": stage.case, "kind": "advisory", "channel": "mail", "recipients": 1}
    asked = {"case": stage.case, "authority": "CSIRT"}
    filed = {"clock": clock.clock, "receipt": "R-1", "products": [stage.product]}
    for path, body, field in (
        ("/v1/notices", told, "sent_at"),
        ("/v1/notices", told | {"product": stage.product}, "sent_at"),
        ("/v1/requests", asked, "received_at"),
        ("/v1/filings", filed, "filed_at"),
    ):
        answer = await stage.post(path, body | {field: early}, "regulatory")
        assert (answer.status_code, answer.json()["pointer"]) == (422, f"/{field}")
        assert "2024-05-01" in answer.json()["detail"]


async def test_a_request_is_not_due_before_it_was_received(stage: Stage) -> None:
    await stage.facts()
    await stage.start(stage.clock())
    await settled(stage)
    now = datetime.now(UTC)
    body = {
        "case": stage.case, "authority": "CSIRT", "rule": "cra.intermediate",
        "received_at": now.isoformat(), "due_at": (now - timedelta(days=1)).isoformat(),
    }  # fmt: skip
    answer = await stage.post("/v1/requests", body, "regulatory")
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/due_at")


async def test_catalogue_and_clocks_never_miss_each_other(service: Running, stage: Stage) -> None:
    stages = [service.stage() for _ in range(25)]

    async def both(each: Stage, number: int) -> None:
        events = [each.registered(name=f"Gateway {number}"), each.scoped()]
        if number % 2:
            await asyncio.gather(each.start(each.clock()), service.others.publish(*events))
        else:
            await asyncio.gather(service.others.publish(*events), each.start(each.clock()))

    await asyncio.gather(*(both(each, number) for number, each in enumerate(stages)))
    for number, each in enumerate(stages):

        async def met(each: Stage = each, number: int = number) -> bool:
            shown = await each.draft()
            return bool(value(shown, "product_name") == f"Gateway {number}")

        assert await eventually(met)

    async def reconciled() -> bool:
        found = await stage.get("/v1/reconcile", "admin")
        return bool(found["in_flight"] == 0 and found["differences"] == [])

    assert await eventually(reconciled)


async def test_one_product_bears_on_more_cases_than_one_transaction_prepares(
    service: Running, stage: Stage
) -> None:
    await stage.facts(name="Before")
    cases = [replace(service.stage(), product=stage.product) for _ in range(CASES + 4)]
    for each in cases:
        await each.start(each.clock())
    await service.others.publish(stage.registered(name="After"))
    for each in cases:

        async def renamed(each: Stage = each) -> bool:
            return bool(value(await each.draft(), "product_name") == "After")

        assert await eventually(renamed)


async def test_a_merged_case_lends_its_facts_to_the_clocks_of_the_absorbed_one(
    service: Running, stage: Stage
) -> None:
    survivor = service.stage()
    await stage.start(stage.clock())
    before = await stage.draft()
    assert value(before, "title") is None
    item = stage.scoped().items[0]
    scope = survivor.scoped("Title of the survivor").model_copy(update={"items": (item,)})
    merged = CaseMerged(
        case=stage.case, survivor=survivor.case, absorbed=stage.case, because="one CVE",
        merged_at=datetime.now(UTC),
    )  # fmt: skip
    await service.others.publish(scope, merged)

    async def lent() -> bool:
        found = (await stage.get(f"/v1/drafts?case={survivor.case}"))["items"]
        return bool(found) and value(await stage.draft(), "title") == "Title of the survivor"

    assert await eventually(lent)

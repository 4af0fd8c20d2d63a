"""Components whose support is over: a case instead of a wait, and first in the review list."""

from datetime import UTC, date, datetime

from schemas.cases import CaseOpened, CaseScoped
from schemas.findings import FindingChanged, FindingKind, Support, SupportStage, Verdict
from tests.component.triage.conftest import Triage
from tests.component.triage.facts import described, finding, opened

OVER = Support(stage=SupportStage.OVER, ends_on=date(2026, 3, 31))
IN_TIME = datetime(2026, 2, 1, tzinfo=UTC)


async def test_an_unknown_verdict_becomes_a_case_when_support_is_over(triage: Triage) -> None:
    wire = triage.wire
    await wire.publish(described("CVE-2026-9301"))
    first = opened("CVE-2026-9301", "pump", verdict=Verdict.UNKNOWN, component="waits")
    await wire.publish(first)
    await triage.until(lambda: _listed(triage, "waits"))
    assert not (await triage.get("/v1/cases", identifier="CVE-2026-9301"))["items"]
    turned = first.finding.model_copy(update={"support": OVER})
    await wire.publish(
        FindingChanged(finding=turned, previous=Verdict.UNKNOWN, why="support is over")
    )
    case = await wire.event(CaseOpened, vulnerability="CVE-2026-9301")
    assert "support of waits@2.3.4 in pump 1.0 is over" in case.because
    scoped = await wire.event(CaseScoped, vulnerability="CVE-2026-9301")
    assert scoped.items[0].unsupported == ("waits@2.3.4",)
    page = await triage.get(f"/v1/cases/{case.case}")
    assert "support.replacement" in {each["question"] for each in page["waiting"]}


async def test_what_was_published_in_time_comes_first_in_the_review_list(triage: Triage) -> None:
    await triage.wire.publish(
        described("CVE-2026-9302"), described("CVE-2026-9303", published_at=IN_TIME)
    )
    await triage.wire.publish(
        opened("CVE-2026-9302", "pump", verdict=Verdict.UNKNOWN, component="aaa-supported"),
        opened(
            "CVE-2026-9303", "pump", verdict=Verdict.UNKNOWN, component="zzz-ended", support=OVER
        ),
    )
    await triage.until(lambda: _listed(triage, "zzz-ended"))
    await triage.until(lambda: _listed(triage, "aaa-supported"))
    seen, cursor = [], None
    while True:
        query = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
        answer = await triage.get("/v1/review", **query)
        seen += answer["items"]
        cursor = answer["next"]
        if cursor is None:
            break
    places = [each["component"] for each in seen]
    assert len(set(map(str, seen))) == len(seen)
    assert places.index("zzz-ended") < places.index("aaa-supported")
    [group] = [each for each in seen if each["component"] == "zzz-ended"]
    assert (group["unsupported"], group["support_ends_on"]) == (True, "2026-03-31")
    assert not (await triage.get("/v1/cases", identifier="CVE-2026-9303"))["items"]


async def test_the_finding_on_support_waits_in_the_review_list_and_opens_no_case(
    triage: Triage,
) -> None:
    own = finding(
        "support/pump", "pump", verdict=Verdict.UNKNOWN, component="own-end", support=OVER,
        kind=FindingKind.SUPPORT,
    )  # fmt: skip
    first = opened("support/pump", "pump").model_copy(update={"finding": own})
    await triage.wire.publish(described("support/pump"), first)
    await triage.until(lambda: _listed(triage, "own-end"))
    assert not (await triage.get("/v1/cases", identifier="support/pump"))["items"]


async def _listed(triage: Triage, component: str) -> bool:
    groups = (await triage.get("/v1/review", limit="500"))["items"]
    return any(each["component"] == component for each in groups)

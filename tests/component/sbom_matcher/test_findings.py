"""Findings on real Kafka and PostgreSQL: both directions, transitions, aliases, statements."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from schemas.advisories import AdvisoryWithdrawn, Range, Score, Status, Target, TargetKind
from schemas.catalogue import ProductRetired
from schemas.findings import (
    Finding,
    FindingChanged,
    FindingCleared,
    FindingOpened,
    SbomCompared,
    Verdict,
    VulnerabilityDescribed,
    VulnerabilityMerged,
)
from schemas.sboms import Component, SbomRegistered
from services.sbom_matcher.app import app
from tests.component.sbom_matcher.facts import advisory, npm, on_name, on_npm, product, sbom
from tests.neighbours import Neighbours, eventually, neighbours, read_all, serving, type_of
from tests.world import World

NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Bench:
    """The running service, its neighbours, and names that no other test uses."""

    client: httpx.AsyncClient
    others: Neighbours
    world: World
    number: int

    @property
    def product(self) -> str:
        return f"pump-{self.number}"

    @property
    def package(self) -> str:
        return f"package-{self.number}"

    @property
    def cve(self) -> str:
        return f"CVE-2026-{self.number:05}"

    async def get(self, path: str, who: str = "psirt", **query: str) -> Any:
        answer = await self.client.get(path, params=query, headers=self.world.headers(who))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def findings(self, **query: str) -> list[dict[str, Any]]:
        found = await self.get("/v1/findings", product=self.product, **query)
        items: list[dict[str, Any]] = found["items"]
        return items

    async def becomes(self, *verdicts: str) -> list[dict[str, Any]]:
        """Wait until the product's live findings have these verdicts."""

        async def check() -> list[list[dict[str, Any]]]:
            found = await self.findings()
            return [found] if sorted(each["verdict"] for each in found) == sorted(verdicts) else []

        found: list[list[dict[str, Any]]] = await eventually(check)
        return found[0]

    async def opened(self, at_least: int = 1) -> list[Finding]:
        async def check() -> list[Finding]:
            events = await self.others.events(FindingOpened, at_least=0)
            mine = [each.finding for each in events if each.finding.vulnerability == self.cve]
            return mine if len(mine) >= at_least else []

        found: list[Finding] = await eventually(check)
        return found

    async def agrees(self) -> None:
        """Ask for the recomputation until nothing waits; it must find nothing."""

        async def check() -> bool:
            report = await self.get("/v1/reconcile", "admin")
            assert report["differences"] == [], report
            return bool(report["waiting"] == 0)

        await eventually(check)


@pytest.fixture(scope="module")
async def service(world: World) -> AsyncIterator[tuple[httpx.AsyncClient, Neighbours]]:
    async with neighbours(world) as others, serving(app, world, "sbom-matcher") as client:
        yield client, others


@pytest.fixture
async def bench(
    world: World, service: tuple[httpx.AsyncClient, Neighbours]
) -> AsyncIterator[Bench]:
    made = Bench(*service, world, next(NUMBERS))
    yield made
    await made.agrees()


BELOW_2 = Range(introduced=None, fixed="2.0.0")


async def test_an_advisory_that_comes_after_the_sbom_opens_a_finding_with_evidence(
    bench: Bench,
) -> None:
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.others.event(SbomCompared, product=bench.product)
    await bench.others.publish(
        advisory("osv/a1", bench.cve, on_npm(bench.package, BELOW_2), aliases=("GHSA-a1",))
    )
    [finding] = await bench.opened()
    assert finding.verdict is Verdict.AFFECTED
    assert (finding.component, finding.component_version) == (bench.package, "1.4.0")
    assert finding.fixed_in == ("2.0.0",)
    [proof] = finding.evidence
    assert (proof.advisory, proof.assertion.asserter, proof.matcher) == ("osv/a1", "osv", "purl")
    assert (proof.identifier, proof.confidence) == (f"purl:npm/{bench.package}", "high")
    assert proof.assertion.ranges == (BELOW_2,)
    assert proof.version_key
    described = await bench.others.event(VulnerabilityDescribed, vulnerability=bench.cve)
    assert described.identifiers == (bench.cve, "GHSA-a1")
    by_alias = await bench.get("/v1/vulnerabilities/GHSA-a1")
    assert by_alias["findings"] == {"affected": 1}


async def test_an_sbom_that_comes_after_the_advisory_opens_the_same_finding(bench: Bench) -> None:
    await bench.others.publish(advisory("osv/b1", bench.cve, on_npm(bench.package, BELOW_2)))
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.becomes("unknown")
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    [finding] = await bench.becomes("affected")
    assert finding["vulnerability"] == bench.cve


async def test_a_version_without_an_sbom_is_one_unknown_finding_until_one_comes(
    bench: Bench,
) -> None:
    await bench.others.publish(product(bench.product, "1.0", "1.1"))
    found = await bench.becomes("unknown", "unknown")
    assert {each["vulnerability"] for each in found} == {f"inventory/{bench.product}"}
    assert {each["reason"] for each in found} == {"no_inventory"}
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    [left] = await bench.becomes("unknown")
    assert left["version"] == "1.1"
    compared = await bench.others.event(SbomCompared, product=bench.product)
    assert compared.added == (f"{bench.package}@1.4.0",)


async def test_a_component_that_leaves_with_a_new_sbom_clears_its_finding(bench: Bench) -> None:
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.others.publish(advisory("osv/c1", bench.cve, on_npm(bench.package, BELOW_2)))
    await bench.becomes("affected")
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "2.0.0")))
    await bench.becomes()
    events = await bench.others.events(FindingCleared)
    [cleared] = [each for each in events if each.finding.vulnerability == bench.cve]
    assert "no longer in" in cleared.why


async def test_an_unreadable_version_and_an_unreadable_range_are_unknown_with_their_reason(
    bench: Bench,
) -> None:
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(
        sbom(
            bench.product,
            "1.0",
            npm(bench.package, "final build"),
            npm(f"{bench.package}-x", "1.0.0"),
        )
    )
    unread = Range(unparsed="some versions", reason="not a version or range we can read")
    await bench.others.publish(
        advisory("osv/d1", bench.cve, on_npm(bench.package, BELOW_2)),
        advisory("osv/d2", f"{bench.cve}9", on_npm(f"{bench.package}-x", unread)),
    )
    found = await bench.becomes("unknown", "unknown")
    assert {each["reason"] for each in found} == {"unparsed_version", "unparsed_range"}


async def test_a_withdrawn_advisory_clears_its_findings_and_marks_the_vulnerability(
    bench: Bench,
) -> None:
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.others.publish(advisory("osv/e1", bench.cve, on_npm(bench.package, BELOW_2)))
    await bench.becomes("affected")
    await bench.others.publish(
        AdvisoryWithdrawn(
            advisory="osv/e1",
            source="osv",
            vulnerabilities=(bench.cve,),
            reason="in error",
            withdrawn_at=datetime.now(UTC),
        )
    )
    await bench.becomes()
    described = await bench.others.event(
        VulnerabilityDescribed, vulnerability=bench.cve, withdrawn=True
    )
    assert described.title


async def test_a_fix_becoming_known_and_a_score_change_are_told(bench: Bench) -> None:
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.others.publish(advisory("osv/f1", bench.cve, on_npm(bench.package, Range())))
    await bench.becomes("affected")
    score = Score(asserter="cna", version="3.1", vector="CVSS:3.1/AV:N", base=9.8)
    await bench.others.publish(
        advisory("osv/f1", bench.cve, on_npm(bench.package, BELOW_2), scores=(score,))
    )
    changed = await bench.others.event(FindingChanged, previous=Verdict.AFFECTED)
    assert changed.finding.fixed_in == ("2.0.0",)
    described = await bench.others.event(VulnerabilityDescribed, vulnerability=bench.cve)
    assert described.scores == (score,)


async def test_an_alias_that_joins_two_vulnerabilities_merges_them_and_keeps_the_finding(
    bench: Bench,
) -> None:
    go = f"GO-2026-{bench.number}"
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.others.publish(advisory("cve/g1", bench.cve, on_npm(bench.package, BELOW_2)))
    await bench.becomes("affected")
    await bench.others.publish(advisory("osv/g2", go, on_npm(bench.package, BELOW_2)))
    both = await bench.becomes("affected", "affected")
    first = next(each for each in both if each["vulnerability"] == bench.cve)
    await bench.others.publish(
        advisory("osv/g2", go, on_npm(bench.package, BELOW_2), aliases=(bench.cve,))
    )
    [left] = await bench.becomes("affected")
    assert (left["finding"], left["vulnerability"]) == (first["finding"], bench.cve)
    assert len(left["evidence"]) == 2
    merged = await bench.others.events(VulnerabilityMerged, at_least=2, survivor=bench.cve)
    assert {each.under for each in merged} == {bench.cve, go}
    described = await bench.others.event(VulnerabilityDescribed, vulnerability=bench.cve)
    assert described.identifiers == (bench.cve, go)
    assert described.absorbed == (go,)
    await bench.others.publish(advisory("osv/g2", go, on_npm(bench.package, BELOW_2)))
    await bench.becomes("affected", "affected")


async def test_two_vulnerabilities_that_join_a_third_at_once_leave_one_finding(
    bench: Bench,
) -> None:
    go, ghsa = f"GO-2026-{bench.number}", f"GHSA-{bench.number}"
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.others.publish(advisory("cve/m1", bench.cve, on_npm(f"{bench.package}-not-here")))
    for source, name in (("osv/m2", go), ("osv/m3", ghsa)):
        await bench.others.publish(advisory(source, name, on_npm(bench.package, BELOW_2)))
    both = await bench.becomes("affected", "affected")
    await bench.others.publish(
        advisory(
            "cve/m1", bench.cve, on_npm(f"{bench.package}-not-here"), aliases=(go, ghsa)
        )
    )  # fmt: skip
    [left] = await bench.becomes("affected")
    assert left["vulnerability"] == bench.cve
    assert left["finding"] in {each["finding"] for each in both}
    assert left["held_at"] == min(each["held_at"] for each in both)


async def test_our_analysts_statement_suppresses_until_it_expires(bench: Bench) -> None:
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.others.publish(advisory("osv/h1", bench.cve, on_npm(bench.package, BELOW_2)))
    await bench.becomes("affected")
    stated = on_npm(
        bench.package, Range(exact=("1.4.0",)), asserter="Example Medical",
        status=Status.NOT_AFFECTED, justification="vulnerable_code_not_in_execute_path",
        product=bench.product, author="psirt", expires_at=datetime.now(UTC) + timedelta(seconds=3),
    )  # fmt: skip
    await bench.others.publish(advisory("openvex/h2", bench.cve, stated))
    [suppressed] = await bench.becomes("not_affected")
    assert suppressed["reason"] == "vulnerable_code_not_in_execute_path"
    assert suppressed["conflict"]
    await bench.becomes("affected")


async def test_a_statement_on_the_whole_product_reaches_its_components(bench: Bench) -> None:
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.others.publish(advisory("osv/i1", bench.cve, on_npm(bench.package, BELOW_2)))
    limits = {"status": Status.NOT_AFFECTED, "product": bench.product, "author": "psirt"}
    whole = on_name("", bench.product, **limits)
    whole = whole.model_copy(update={"target": Target(kind=TargetKind.NAME, product=bench.product)})
    await bench.others.publish(advisory("openvex/i2", bench.cve, whole))
    [finding] = await bench.becomes("not_affected")
    assert finding["component"] == bench.package


def later(bom: SbomRegistered) -> SbomRegistered:
    """A new build's SBOM, registered after whatever was stated before."""
    return bom.model_copy(update={"registered_at": datetime.now(UTC)})


@pytest.mark.parametrize("names_the_component", [True, False])
async def test_a_statement_survives_a_new_build_only_while_the_components_version_holds(
    bench: Bench, *, names_the_component: bool
) -> None:
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.others.publish(advisory("osv/n1", bench.cve, on_npm(bench.package, BELOW_2)))
    await bench.becomes("affected")
    limits: dict[str, Any] = {
        "status": Status.NOT_AFFECTED, "justification": "vulnerable_code_not_present",
        "product": bench.product, "product_version": "1.0", "author": "psirt",
    }  # fmt: skip
    whole = on_name("", bench.product, **limits)
    whole = whole.model_copy(update={"target": Target(kind=TargetKind.NAME, product=bench.product)})
    stated = on_npm(bench.package, **limits) if names_the_component else whole
    await bench.others.publish(advisory(f"openvex/n{bench.number}", bench.cve, stated))
    await bench.becomes("not_affected")

    same = npm(bench.package, "1.4.0", supplier="Named Later")
    await bench.others.publish(later(sbom(bench.product, "1.0", same, npm("new", "1.0.0"))))
    compared = await bench.others.events(SbomCompared, at_least=2, product=bench.product)
    assert "new@1.0.0" in compared[-1].added
    await bench.agrees()
    [suppressed] = await bench.becomes("not_affected")

    await bench.others.publish(later(sbom(bench.product, "1.0", npm(bench.package, "1.5.0"))))
    [open_again] = await bench.becomes("affected")
    assert open_again["component_version"] == "1.5.0"
    assert open_again["finding"] != suppressed["finding"]
    cleared = await bench.others.events(FindingCleared)
    reasons = [each.why for each in cleared if each.finding.finding == suppressed["finding"]]
    assert "our own statement on it ends" in reasons[-1]


async def test_a_lapsed_statement_says_so_in_the_transition(bench: Bench) -> None:
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.others.publish(advisory("osv/o1", bench.cve, on_npm(bench.package, BELOW_2)))
    await bench.becomes("affected")
    stated = on_npm(
        bench.package, status=Status.NOT_AFFECTED, justification="component_not_present",
        product=bench.product, author="psirt", expires_at=datetime.now(UTC) + timedelta(seconds=3),
    )  # fmt: skip
    await bench.others.publish(advisory("openvex/o2", bench.cve, stated))
    await bench.becomes("not_affected")
    await bench.becomes("affected")
    changes = await bench.others.events(FindingChanged, previous=Verdict.NOT_AFFECTED)
    mine = [each for each in changes if each.finding.vulnerability == bench.cve]
    assert "lapsed" in mine[-1].why


async def test_a_product_named_by_a_csaf_advisory_is_found_by_vendor_product_and_version(
    bench: Bench,
) -> None:
    await bench.others.publish(product(bench.product, "12.2.8.400", "12.2.8.410"))
    for version in ("12.2.8.400", "12.2.8.410"):
        await bench.others.publish(sbom(bench.product, version, npm("other", "1.0.0")))
    await bench.others.publish(
        advisory(
            "csaf/j1", bench.cve,
            on_name("Example Medical Inc.", bench.product, Range(fixed="12.2.8.410")),
            on_name("Example Medical", f"{bench.product} viewer", Range()),
        )
    )  # fmt: skip
    [finding] = await bench.becomes("affected")
    assert (finding["version"], finding["component"]) == ("12.2.8.400", None)


async def test_a_component_is_met_by_cpe_although_its_purl_has_no_version(bench: Bench) -> None:
    name = f"wolf{bench.number}"
    await bench.others.publish(product(bench.product, "1.0"))
    component = Component(
        ref="a", name=name, version="4.8.1", purl=f"pkg:github/{name}/{name}",
        cpe=f"cpe:2.3:a:{name}:{name}:*:*:*:*:*:*:*:*",
    )  # fmt: skip
    await bench.others.publish(sbom(bench.product, "1.0", component))
    target = Target(kind=TargetKind.CPE, cpe=f"cpe:2.3:a:{name}:{name}:*:*:*:*:*:*:*:*")
    claim = on_npm("x", Range(introduced="4.6.0", fixed="5.0.0")).model_copy(
        update={"target": target}
    )
    await bench.others.publish(advisory("cve/k1", bench.cve, claim))
    [finding] = await bench.becomes("affected")
    assert finding["component_version"] == "4.8.1"


async def test_a_retired_product_has_no_findings_and_comes_back_with_them(bench: Bench) -> None:
    state = product(bench.product, "1.0")
    await bench.others.publish(state)
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.others.publish(advisory("osv/l1", bench.cve, on_npm(bench.package, BELOW_2)))
    [before] = await bench.becomes("affected")
    await bench.others.publish(ProductRetired(last=state, retired_at=datetime.now(UTC)))
    await bench.becomes()
    await bench.others.publish(state)
    [after] = await bench.becomes("affected")
    assert after["finding"] == before["finding"]


async def test_the_bulk_lane_answers_on_the_bulk_lane(bench: Bench) -> None:
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.others.event(SbomCompared, product=bench.product)
    await bench.others.publish(
        advisory("osv/m1", bench.cve, on_npm(bench.package, BELOW_2)), bulk=True, repeat=2
    )
    [finding] = await bench.becomes("affected")
    records = await read_all(bench.world, ["findings.bulk"])
    opened = [each for each in records if type_of(each) is FindingOpened]
    assert [FindingOpened.model_validate_json(each.value).finding.finding for each in opened] == [
        finding["finding"]
    ]


async def test_a_claim_that_names_nothing_is_no_finding_and_is_counted_for_people(
    bench: Bench,
) -> None:
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.others.event(SbomCompared, product=bench.product)
    await bench.others.publish(
        advisory(
            f"cve/{bench.cve}",
            bench.cve,
            on_name("n/a", "n/a", Range(), asserter="mitre"),
            on_npm(bench.package, BELOW_2),
        )
    )
    await bench.becomes("affected")
    shown = await bench.get(f"/v1/vulnerabilities/{bench.cve}")
    assert (shown["unnamed_claims"], shown["findings"]) == (1, {"affected": 1})


async def test_a_suppliers_word_limited_to_a_product_is_no_statement_of_ours(bench: Bench) -> None:
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.others.publish(
        advisory(f"osv/{bench.cve}", bench.cve, on_npm(bench.package, BELOW_2)),
        advisory(
            f"sbom/{bench.product}@1.0",
            bench.cve,
            on_npm(
                bench.package,
                asserter="Example Supplier",
                status=Status.NOT_AFFECTED,
                product=bench.product,
                product_version="1.0",
            ),
        ),
    )

    async def both() -> bool:
        found = await bench.findings()
        return bool(found) and len(found[0]["evidence"]) == 2

    await eventually(both)
    [finding] = await bench.findings()
    assert (finding["verdict"], finding["conflict"]) == ("affected", True)


async def test_where_answers_by_name_and_by_purl(bench: Bench) -> None:
    await bench.others.publish(product(bench.product, "1.0"))
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))

    async def located() -> list[Any]:
        found = await bench.get("/v1/where", component=bench.package)
        items: list[Any] = found["items"]
        return items

    assert len(await eventually(located)) == 1
    by_purl = await bench.get("/v1/where", component=f"pkg:npm/{bench.package}@1.4.0")
    assert by_purl["items"][0]["product"] == bench.product
    for asked, found in {
        "9": 0, "1.4.0": 1, "1.4": 1, ">=1.0,<1.5": 1, ">1.4.0": 0, "vers:npm/<2": 1, "*": 1,
        "vers:pypi/<2": 0,
    }.items():  # fmt: skip
        answer = await bench.get("/v1/where", component=f"{bench.package}@{asked}")
        assert len(answer["items"]) == found, asked
    upper = await bench.get("/v1/where", component=bench.package.upper())
    assert len(upper["items"]) == 1


@pytest.mark.parametrize("version", [None, "vendor build of spring"])
async def test_where_also_lists_what_may_be_in_the_range(bench: Bench, version: str | None) -> None:
    await bench.others.publish(product(bench.product, "1.0"))
    part = Component(ref="r", name=bench.package, version=version, purl=f"pkg:npm/{bench.package}")
    await bench.others.publish(sbom(bench.product, "1.0", part))

    async def asked(wanted: str) -> list[str]:
        found = await bench.get("/v1/where", component=f"{bench.package}@{wanted}")
        return [each["in_range"] for each in found["items"]]

    assert await eventually(lambda: asked("*")) == ["yes"]
    assert await asked(">=1.0,<2.0") == ["unknown"]
    assert await asked("1.4.0") == ["unknown"]
    if version:
        assert await asked(version) == ["yes"]


async def test_the_end_of_a_components_support_is_a_finding_with_the_days_left(
    bench: Bench,
) -> None:
    ends_on = (datetime.now(UTC) + timedelta(days=20)).date()
    await bench.others.publish(product(bench.product, "1.0"))
    part = npm(bench.package, "1.4.0", support_ends_on=ends_on)
    await bench.others.publish(sbom(bench.product, "1.0", part))
    [finding] = await eventually(lambda: bench.findings(kind="support"))
    assert (finding["kind"], finding["reason"]) == ("support", "support_ending")
    assert finding["days_left"] in {19, 20}
    assert finding["support"]["notice_days"] == 30
    assert await bench.findings(kind="support") == [finding]
    assert await bench.findings(kind="vulnerability") == []
    shown = await bench.get(f"/v1/vulnerabilities/support/{bench.product}")
    assert shown["findings"] == {"unknown": 1}
    await bench.others.publish(sbom(bench.product, "1.0", npm(bench.package, "1.4.0")))
    await bench.becomes()

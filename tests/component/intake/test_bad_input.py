"""Bad input through the running service: named in the answer, kept, and the rest unharmed."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from schemas.advisories import AdvisoryPublished
from schemas.sboms import SbomRegistered
from services.intake.formats import limits
from tests.component.intake import documents
from tests.component.intake.conftest import Intake
from tests.component.intake.documents import encoded
from tests.unit.intake import hostile

pytestmark = pytest.mark.stack

PUMP = {"product": "bad-pump", "name": "Bad Pump", "entity": "acme", "versions": [{"version": "1"}]}


def part(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": "library", "name": name, **fields}


async def registered(intake: Intake, version: str, bom: dict[str, Any]) -> SbomRegistered:
    """What becomes of an SBOM of a version of a pump."""
    pump = PUMP | {"versions": [{"version": each} for each in ("1", "2", "3", "4")]}
    await intake.post(encoded({"entities": [{"entity": "acme", "name": "Acme"}]}), name="bad-e")
    await intake.post(encoded({"products": [pump]}), name="bad-p")
    answer = await intake.post(
        encoded(bom), name=f"bad-sbom-{version}", product="bad-pump", version=version
    )
    assert answer.status_code == 202, answer.text
    event: SbomRegistered = await intake.others.event(
        SbomRegistered, product="bad-pump", version=version
    )
    return event


def bom(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "components": list(components), **more,
    }  # fmt: skip


async def test_identifiers_that_nobody_can_read_stay_with_their_component(intake: Intake) -> None:
    event = await registered(
        intake, "1",
        bom(
            part("a", version="1.0", purl="pkg:npm", cpe="cpe:2.3:a:acme"),
            part("b", version="not a version", purl="pkg:npm/b@1.0"),
        ),
    )  # fmt: skip
    assert [(each.name, each.purl, each.cpe) for each in event.components] == [
        ("a", "pkg:npm", "cpe:2.3:a:acme"), ("b", "pkg:npm/b@1.0", None),
    ]  # fmt: skip


async def test_a_circle_of_dependencies_is_kept_as_it_is(intake: Intake) -> None:
    circle = [{"ref": "a", "dependsOn": ["b"]}, {"ref": "b", "dependsOn": ["a", "b"]}]
    parts = (part("a", **{"bom-ref": "a"}), part("b", **{"bom-ref": "b"}))
    event = await registered(intake, "2", bom(*parts, dependencies=circle))
    assert set(event.dependencies) == {("a", "b"), ("b", "a"), ("b", "b")}


async def test_repeated_references_cost_no_component(intake: Intake) -> None:
    parts = [part("a", version=str(n), **{"bom-ref": "same"}) for n in range(3)]
    event = await registered(intake, "3", bom(*parts))
    assert len({each.ref for each in event.components}) == len(event.components) == len(parts)


async def test_a_field_of_a_million_characters_costs_no_other(intake: Intake) -> None:
    long = "9" * 1_000_000
    event = await registered(
        intake, "4", bom(part(long, version="1"), part("b"), part("c", version="1"))
    )
    assert [each.name for each in event.components][1:] == ["b", "c"]
    assert len(event.components[0].name) < 1_000
    kept = await intake.post(
        encoded(bom(part("a", purl=f"pkg:npm/{long}"))), product="bad-pump", version="4"
    )
    assert kept.status_code == 202, kept.text
    refused = await intake.post(encoded(bom(part("a", version=long))), name="bad-long")
    [fault] = refused.json()["errors"]
    assert fault["pointer"] == "/components/0/version"
    assert fault["detail"].endswith("is longer than 1024 characters")


async def test_an_sbom_of_an_unknown_product_waits_and_says_for_what(intake: Intake) -> None:
    answer = await intake.post(encoded(documents.sbom("nobody-knows-it", "7")), name="bad-unknown")
    assert (answer.status_code, answer.json()["status"]) == (202, "waiting")
    assert "nobody-knows-it" in answer.json()["detail"]
    nameless = await intake.post(encoded(bom(part("a"))), name="bad-nameless")
    assert nameless.status_code == 422
    [fault] = nameless.json()["errors"]
    assert (fault["pointer"], bool(fault["mend"])) == ("/metadata/component/name", True)


async def test_an_sbom_of_250_mb_is_refused_before_it_is_read(intake: Intake) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(250):
            sent += 1
            yield b" " * 1024 * 1024
            await asyncio.sleep(0)

    answer = await intake.client.post(
        "/v1/submissions", content=endless(), headers=intake.world.headers("integration")
    )
    assert (answer.status_code, answer.json()["mend"]) == (413, "send less, or in parts")


@pytest.mark.parametrize("filled_by", [
    "empty lists", "relationships of CSAF", "attributes of one tag", "blank lines of tag-value",
])  # fmt: skip
async def test_a_hostile_document_is_named_and_others_are_served_meanwhile(
    intake: Intake, filled_by: str
) -> None:
    make, code = hostile.DOCUMENTS[filled_by]
    name = f"bad-{filled_by}"
    refused, other = await asyncio.gather(
        intake.post(make(), name=name),
        intake.post(encoded(documents.osv(f"BAD-{code}-{len(filled_by)}")), name=f"beside {name}"),
    )
    assert refused.status_code == 422, refused.text
    body = refused.json()
    assert body["type"].endswith(code.replace("_", "-"))
    assert body["detail"]
    assert body["mend"]
    assert other.status_code == 202, other.text


async def test_a_record_with_too_many_claims_costs_no_other_record(intake: Intake) -> None:
    greedy = documents.cve(5901)
    greedy["containers"]["cna"]["affected"] = [{"product": "b"}] * (limits.MAX_CLAIMS // 2 + 1)
    lines = [documents.cve(5900), greedy, documents.cve(5902)]
    body = b"\n".join(json.dumps(each).encode() for each in lines)
    answer = await intake.post(body, name="bad-greedy")
    assert answer.json()["counts"] == {"published": 2, "rejected": 1}, answer.text
    [fault] = answer.json()["faults"]
    assert (fault["code"], fault["pointer"]) == ("too_many", "line 2: /containers")
    await intake.others.event(AdvisoryPublished, advisory="cve/CVE-2026-5902")

"""The registry of SBOMs: every revision, documents out for three channels, and who got them."""

import asyncio
import hashlib
import json
from importlib import resources
from typing import Any

import asyncpg
import httpx
import pytest

from schemas.sboms import SbomRegistered
from services.intake import desk
from services.intake.handlers import submission
from services.kit import clock
from services.kit.records import Headers, RawRecord
from tests.component.intake import documents
from tests.component.intake.conftest import Intake
from tests.component.intake.documents import encoded
from tests.component.intake.test_replays import count, submission_actor, units

pytestmark = pytest.mark.stack

AUTHOR = "A. Person"


def authored(name: str, version: str, components: int = 2) -> dict[str, Any]:
    """An SBOM whose author is a person, made with a tool."""
    document = documents.sbom(name, version, components)
    document["metadata"] |= {
        "timestamp": "2026-05-01T00:00:00Z",
        "authors": [{"name": AUTHOR}],
        "tools": {"components": [{"type": "application", "name": "builder"}]},
    }
    return document


async def registered(intake: Intake, name: str, *numbers: int, **about: str) -> list[bytes]:
    """Register a product with version 1, and an SBOM with so many components each."""
    await intake.post(documents.product(name, "1"), name=f"{name}.yaml")
    given = [encoded(authored(name, "1", number)) for number in numbers]
    for raw in given:
        answer = await intake.post(raw, name=name, **about)
        assert answer.json()["status"] == "published", answer.text
    return given


async def revisions(intake: Intake, product: str, **asked: str) -> list[dict[str, Any]]:
    answer = await intake.get("/v1/sboms", product=product, **asked)
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def take(
    intake: Intake, product: str, who: str = "quality", key: str | None = None, **wanted: Any
) -> httpx.Response:
    body = {
        "product": product, "version": "1", "channel": "internal", "format": "cyclonedx-1.6",
        "recipient": "the archive", **wanted,
    }  # fmt: skip
    headers = intake.world.headers(who) | ({"idempotency-key": key} if key else {})
    return await intake.client.post("/v1/sbom-documents", json=body, headers=headers)


async def accesses(intake: Intake, product: str, **asked: str) -> list[dict[str, Any]]:
    answer = await intake.get("/v1/sbom-accesses", who="auditor", product=product, **asked)
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_every_revision_is_listed_with_who_when_digest_format_and_size(
    intake: Intake,
) -> None:
    given = await registered(intake, "revised", 2, 3)
    first, second = await revisions(intake, "revised")
    assert [each["revision"] for each in (first, second)] == [1, 2]
    assert [each["latest"] for each in (first, second)] == [False, True]
    assert [each["components"] for each in (first, second)] == [2, 3]
    assert first["sha256"] == hashlib.sha256(given[0]).hexdigest()
    assert (first["size"], first["submitted_by"]) == (len(given[0]), "integration")
    assert (first["format"], first["format_version"]) == ("cyclonedx-json", "1.6")
    assert first["registered_at"] < second["registered_at"]


async def test_the_event_says_the_revision_and_what_its_quality_is_judged_by(
    intake: Intake,
) -> None:
    [raw] = await registered(intake, "eventful", 2)
    event = await intake.others.event(SbomRegistered, product="eventful")
    assert (event.revision, event.size, event.submitted_by) == (1, len(raw), "integration")
    assert event.author_stated is True
    assert event.made_at is not None
    assert AUTHOR not in event.model_dump_json()


async def test_the_same_components_again_are_no_revision_and_older_ones_are_a_new_one(
    intake: Intake,
) -> None:
    first, _ = await registered(intake, "back", 2, 3)
    again = await intake.post(encoded(authored("back", "1", 3)), name="elsewhere")
    assert again.json()["status"] == "unchanged"
    await intake.post(first, name="back")
    one, _, three = await revisions(intake, "back")
    assert (three["revision"], three["latest"]) == (3, True)
    assert (one["sbom"], one["sha256"]) == (three["sbom"], three["sha256"])


async def test_a_record_delivered_again_makes_no_second_revision(intake: Intake) -> None:
    await intake.post(documents.product("delivered", "1"), name="delivered.yaml")
    raw = encoded(documents.sbom("delivered", "1"))
    headers = Headers({"ce_subject": "delivered"})
    record = RawRecord(
        "submissions", 0, 10**9 + 77, clock.now(), None, raw, headers, submission_actor()
    )
    for _ in range(3):
        async with units(intake).begin() as unit:
            await desk.take_in(unit, [submission(record, unit)])
    assert [each["revision"] for each in await revisions(intake, "delivered")] == [1]


async def test_two_revisions_in_one_batch_are_both_kept(intake: Intake) -> None:
    await intake.post(documents.product("batched", "1"), name="batched.yaml")
    records = [
        RawRecord(
            "submissions", 0, 10**9 + 80 + n, clock.now(), None,
            encoded(documents.sbom("batched", "1", n)), Headers({"ce_subject": "batched"}),
            submission_actor(),
        )
        for n in (2, 3)
    ]  # fmt: skip
    async with units(intake).begin() as unit:
        await desk.take_in(unit, [submission(each, unit) for each in records])
    found = await revisions(intake, "batched")
    assert [(each["revision"], each["components"]) for each in found] == [(1, 2), (2, 3)]


async def test_a_dry_run_registers_no_revision(intake: Intake) -> None:
    await intake.post(documents.product("dry", "1"), name="dry.yaml")
    await intake.post(encoded(documents.sbom("dry", "1")), name="dry", dry_run="true")
    assert await revisions(intake, "dry") == []


async def test_hardware_configurations_have_revisions_of_their_own_and_pages_hold_all(
    intake: Intake,
) -> None:
    await registered(intake, "hardened", 2, 3, hardware="rev-b")
    await intake.post(encoded(authored("hardened", "1", 4)), name="any hardware")
    first = (await intake.get("/v1/sboms", product="hardened", limit=2)).json()
    rest = await intake.get("/v1/sboms", product="hardened", limit=2, cursor=first["next"])
    found = first["items"] + rest.json()["items"]
    assert [(each["hardware"], each["revision"]) for each in found] == [
        ("", 1), ("rev-b", 1), ("rev-b", 2),
    ]  # fmt: skip


async def test_what_runs_is_the_sbom_of_the_hardware_else_that_of_any(intake: Intake) -> None:
    await registered(intake, "running", 2, hardware="rev-b")
    asked = {"product": "running", "version": "1"}
    own = (await intake.get("/v1/sboms/running", **asked, hardware="rev-b")).json()
    other = (await intake.get("/v1/sboms/running", **asked, hardware="rev-c")).json()
    assert (own["fit"], own["sbom"]["hardware"]) == ("exact", "rev-b")
    assert (other["fit"], other["sbom"]) == ("none", None)
    await intake.post(encoded(authored("running", "1", 3)), name="any")
    other = (await intake.get("/v1/sboms/running", **asked, hardware="rev-c")).json()
    assert (other["fit"], other["sbom"]["components"]) == ("any_hardware", 3)


async def test_the_original_of_any_revision_comes_back_byte_for_byte_and_on_record_only(
    intake: Intake,
) -> None:
    given = await registered(intake, "kept", 2, 3)
    for number, raw in enumerate(given, 1):
        answer = await take(intake, "kept", format="original", revision=number)
        assert answer.status_code == 200, answer.text
        assert answer.content == raw
    digest = hashlib.sha256(given[0]).hexdigest()
    past = await intake.get(f"/v1/originals/{digest}")
    assert past.status_code == 403
    assert "/v1/sbom-documents" in past.json()["mend"]
    assert [each["revision"] for each in await accesses(intake, "kept")] == [2, 1]


async def test_each_channel_holds_what_its_rule_says(intake: Intake) -> None:
    await registered(intake, "cut", 2, hardware="rev-b")
    wanted = {"hardware": "rev-b", "author": "Example Devices"}
    held = {}
    for channel in ("regulatory", "customer", "internal"):
        for form in ("cyclonedx-1.6", "spdx-2.3"):
            answer = await take(intake, "cut", channel=channel, format=form, **wanted)
            assert answer.status_code == 200, answer.text
            held[channel, form] = answer.text
    for form in ("cyclonedx-1.6", "spdx-2.3"):
        assert AUTHOR in held["regulatory", form]
        assert AUTHOR not in held["customer", form]
        assert "builder" not in held["customer", form]
        assert "rev-b" in held["internal", form]
        assert "rev-b" not in held["regulatory", form] + held["customer", form]
    assert json.loads(held["customer", "spdx-2.3"])["spdxVersion"] == "SPDX-2.3"
    assert json.loads(held["customer", "cyclonedx-1.6"])["specVersion"] == "1.6"


async def test_an_internal_document_can_be_submitted_again_and_changes_nothing(
    intake: Intake,
) -> None:
    await registered(intake, "round", 2)
    answer = await take(intake, "round")
    again = await intake.post(answer.content, name="round trip")
    assert again.json()["status"] == "unchanged"


async def test_a_record_says_who_got_which_revision_how_for_whom_and_what_bytes(
    intake: Intake,
) -> None:
    await registered(intake, "recorded", 2, 3)
    answer = await take(
        intake, "recorded", "regulatory", channel="regulatory", format="spdx-2.3",
        recipient="Notified body 0000", revision=1,
    )  # fmt: skip
    [record] = await accesses(intake, "recorded")
    assert (record["handed_by"], record["recipient"]) == ("regulatory", "Notified body 0000")
    assert (record["revision"], record["channel"], record["format"]) == (
        1, "regulatory", "spdx-2.3",
    )  # fmt: skip
    assert record["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert record["size"] == len(answer.content)
    assert answer.headers["etag"] == f'"{record["sha256"]}"'
    shown = await intake.get(answer.headers["location"], who="regulatory")
    assert shown.json() == record
    audited = "SELECT count(*) FROM kit_audit WHERE action = 'sbom.handed_out' AND after ->> "
    assert await count(intake, f"{audited} 'access' = $1", record["id"]) == 1
    assert await accesses(intake, "recorded", recipient="somebody else") == []


async def test_a_repeated_request_is_answered_alike_and_recorded_once(intake: Intake) -> None:
    await registered(intake, "repeated", 2)
    first = await take(intake, "repeated", key="one-request")
    again = await take(intake, "repeated", key="one-request")
    assert (first.content, first.headers["etag"]) == (again.content, again.headers["etag"])
    assert len(await accesses(intake, "repeated")) == 1


async def test_the_same_revision_is_the_same_bytes_each_time(intake: Intake) -> None:
    await registered(intake, "stable", 2)
    first, again = [await take(intake, "stable", channel="customer") for _ in range(2)]
    assert first.content == again.content
    assert len(await accesses(intake, "stable")) == 2


@pytest.mark.parametrize(
    ("channel", "who", "status"),
    [
        ("regulatory", "regulatory", 200), ("regulatory", "psirt", 403),
        ("regulatory", "integration", 403), ("customer", "psirt", 200),
        ("customer", "operations", 403), ("internal", "operations", 200),
        ("internal", "integration", 200), ("internal", "auditor", 403),
    ],
)  # fmt: skip
async def test_a_channel_is_for_the_roles_that_speak_to_its_readers(
    intake: Intake, channel: str, who: str, status: int
) -> None:
    name = f"roles-{channel}-{who}"
    await registered(intake, name, 2)
    answer = await take(intake, name, who, channel=channel)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert f"by the channel {channel}" in answer.json()["detail"]
        assert "role" in answer.json()["mend"]
    assert len(await accesses(intake, name)) == (status == 200)


async def test_what_cannot_be_handed_out_is_refused_with_the_field_and_the_mend(
    intake: Intake,
) -> None:
    await registered(intake, "refused", 2)
    original = await take(intake, "refused", channel="customer", format="original")
    assert (original.status_code, original.json()["pointer"]) == (422, "/format")
    nobody = await take(intake, "refused", recipient="  ")
    assert (nobody.status_code, nobody.json()["pointer"]) == (422, "/recipient")
    later = await take(intake, "refused", revision=9)
    assert later.status_code == 404
    assert "refused@1 revision 9" in later.json()["detail"]
    assert await accesses(intake, "refused") == []


async def test_records_of_access_are_for_those_who_answer_for_it_and_for_who_took_it(
    intake: Intake,
) -> None:
    await registered(intake, "private", 2)
    answer = await take(intake, "private", "operations")
    assert (await intake.get("/v1/sbom-accesses", who="operations")).status_code == 403
    own = await intake.get(answer.headers["location"], who="operations")
    assert own.status_code == 200
    other = await intake.get(answer.headers["location"], who="integration")
    assert other.status_code == 403


async def test_sboms_submitted_at_the_same_instant_are_numbered_without_gap_or_repeat(
    intake: Intake,
) -> None:
    await intake.post(documents.product("raced", "1"), name="raced.yaml")
    given = [encoded(authored("raced", "1", number)) for number in range(2, 10)]
    answers = await asyncio.gather(
        *(intake.post(raw, name=f"raced-{n}") for n, raw in enumerate(given))
    )
    assert {each.status_code for each in answers} == {202}
    found = await revisions(intake, "raced")
    assert [each["revision"] for each in found] == list(range(1, 9))
    assert {each["sha256"] for each in found} == {hashlib.sha256(raw).hexdigest() for raw in given}
    told = await intake.others.events(SbomRegistered, at_least=8, product="raced")
    assert [each.revision for each in told] == list(range(1, 9))


async def test_what_was_registered_before_the_registry_counts_as_the_first_revision(
    intake: Intake,
) -> None:
    [raw] = await registered(intake, "earlier", 2)
    text = resources.files("services.intake.migrations").joinpath("002_sbom_registry.sql")
    _, backfill = text.read_text().split("INSERT INTO sbom_revision\n")
    statement = f"INSERT INTO sbom_revision\n{backfill.split(';')[0]}"
    db = await asyncpg.connect(
        intake.world.dsn("intake"), server_settings={"search_path": "intake"}
    )
    try:
        undone = db.transaction()
        await undone.start()
        await db.execute("TRUNCATE sbom_access, sbom_revision")
        await db.execute(statement)
        row = await db.fetchrow("SELECT * FROM sbom_revision WHERE product = 'earlier'")
        await undone.rollback()
    finally:
        await db.close()
    assert row is not None
    assert (row["revision"], row["components"], row["size"]) == (1, 2, len(raw))
    assert row["original"] == hashlib.sha256(raw).hexdigest()
    assert (row["submitted_by"], row["format"]) == ("integration", "cyclonedx-json")

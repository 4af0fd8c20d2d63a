"""The HTTP edge on real stores: one transaction a request, problems, people, keys, pages."""

import asyncio
import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.kit import bodies
from services.kit.app import Service
from tests.component.kit_edges.conftest import Client, Starting
from tests.component.kit_edges.ledger import ledger
from tests.world import World

pytestmark = pytest.mark.stack

PROBLEM = "application/problem+json"


def note(text: str = "text", **more: Any) -> dict[str, Any]:
    return {"id": f"n-{uuid4().hex[:8]}", "text": text} | more


async def count(client: Client, table: str, key: str) -> int:
    column = {"note": "id", "kit_audit": "subject", "kit_outbox": "key", "kit_timer": "subject"}
    found: int = await client.context.pool.fetchval(
        f"SELECT count(*) FROM {table} WHERE {column[table]} = $1", key
    )
    return found


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Check what every problem has, and give it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert re.fullmatch(r"urn:patchvigil:problem:[a-z0-9-]+", found["type"])
    assert found["title"]
    assert found["detail"]
    assert found["instance"] == answer.request.url.path
    assert re.fullmatch(r"[0-9a-f]{32}", found["trace"])
    return found


async def test_a_write_is_committed_with_its_audit_row_before_the_answer_leaves(
    start: Starting,
) -> None:
    async with start(ledger()) as client:
        body = note()
        answer = await client.post("/v1/notes", json=body)
        assert answer.status_code == 201
        assert answer.json() == {"id": body["id"], "author": "psirt", "text": "text"}
        row = await client.context.pool.fetchrow(
            "SELECT actor, action, after, reason FROM kit_audit WHERE subject = $1", body["id"]
        )
    assert row is not None
    assert tuple(row) == ("psirt", "note.write", {"text": "text"}, "wrote it")


async def test_a_problem_after_the_work_leaves_no_trace_of_it(start: Starting) -> None:
    async with start(ledger()) as client:
        body = note("fail late", remind_at="2030-01-01T00:00:00Z")
        found = problem(await client.post("/v1/notes", json=body), 409)
        for table in ("note", "kit_audit", "kit_outbox", "kit_timer"):
            assert await count(client, table, body["id"]) == 0, table
    assert found["pointer"] == "/text"
    assert found["mend"] == "try again"


@pytest.mark.parametrize(
    "headers",
    [{"authorization": ""}, {"authorization": "Bearer wrong"}, {"authorization": "Basic eA=="}],
)
@pytest.mark.parametrize(
    "call", [("GET", "/v1/notes"), ("POST", "/v1/notes"), ("GET", "/v1/timers")]
)
async def test_nobody_reads_or_writes_without_a_known_token(
    start: Starting, headers: dict[str, str], call: tuple[str, str]
) -> None:
    async with start(ledger()) as client:
        answer = await client.request(*call, headers=headers)
    found = problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "principals" in found["mend"]
    assert "wrong" not in answer.text


async def test_a_missing_role_is_refused_by_name(start: Starting, world: World) -> None:
    async with start(ledger()) as client:
        answer = await client.post("/v1/notes", json=note(), headers=world.headers("quality"))
    found = problem(answer, 403)
    assert "psirt" in found["detail"]
    assert (found["parameter"], bool(found["mend"])) == ("Authorization", True)


async def test_a_public_route_needs_no_token_but_knows_one(start: Starting) -> None:
    async with start(ledger()) as client:
        named = await client.get("/link/abc")
        unnamed = await client.get("/link/abc", headers={"authorization": ""})
    assert named.json()["actor"] == "psirt"
    assert unnamed.json() == {"token": "abc", "actor": None}


@pytest.mark.parametrize(
    ("body", "pointer", "mend"),
    [
        ({"text": "x"}, "/id", "add it"),
        ({"id": "", "text": "x"}, "/id", "schema"),
        ({"id": "a", "text": 5}, "/text", "schema"),
        ({"id": "a", "text": "x", "extra/~": 1}, "/extra~1~0", "remove it"),
        ({"id": "a", "text": "x", "tags": ["ok", "too long"]}, "/tags/1", "schema"),
        ({"id": "a", "text": "x", "remind_at": "soon"}, "/remind_at", "with its zone"),
        ([], "", "schema"),
    ],
)
async def test_a_bad_field_is_pointed_at_with_reason_and_mend(
    start: Starting, body: Any, pointer: str, mend: str
) -> None:
    async with start(ledger()) as client:
        found = problem(await client.post("/v1/notes", json=body), 422)
    assert found["pointer"] == pointer
    assert mend in found["mend"]
    assert found["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 422),
        (b"", 422),
        (b'{"id": "\xff"}', 400),
        (b"[" * 9_000, 400),
        (b'{"id": "a\\u0000", "text": "x"}', 422),
        (b'{"id": "' + b"a" * 12_000 + b'"}', 413),
    ],
    ids=["truncated", "empty", "not utf-8", "deep", "nul", "too large"],
)
async def test_a_body_that_is_no_document_is_a_problem(
    start: Starting, content: bytes, status: int
) -> None:
    async with start(ledger()) as client:
        answer = await client.post(
            "/v1/notes", content=content, headers={"content-type": "application/json"}
        )
    problem(answer, status)


async def test_a_body_is_cut_off_at_the_limit_even_when_its_length_is_not_declared(
    start: Starting,
) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while True:
            sent += 1000
            yield b"x" * 1000

    async with start(ledger()) as client:
        answer = await client.post("/v1/notes", content=endless())
    assert "10000 bytes" in problem(answer, 413)["detail"]


async def test_a_body_for_which_there_is_no_room_is_asked_to_come_again(
    start: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 0.01)
    async with start(ledger()) as client:
        held = bodies.Bodies(short=100)
        object.__setattr__(client.context, "bodies", held)
        async with held.held(90):
            refused = await client.post("/v1/notes", json=note())
            assert (await client.get("/v1/notes")).status_code == 200
        assert problem(refused, 503)["mend"]
        assert refused.headers["retry-after"] == "5"
        assert (await client.post("/v1/notes", json=note())).status_code == 201


async def test_wrong_paths_methods_and_parameters_are_problems(start: Starting) -> None:
    async with start(ledger()) as client:
        problem(await client.get("/nowhere"), 404)
        problem(await client.delete("/v1/notes"), 405)
        found = problem(await client.get("/v1/notes", params={"limit": 0}), 422)
        assert found["parameter"] == "limit"
        found = problem(await client.get("/v1/notes", params={"cursor": "x!"}), 422)
        assert found["parameter"] == "cursor"
        forged = "WzFd"  # a number where the notes' cursor holds a text
        problem(await client.get("/v1/notes", params={"cursor": forged}), 422)


async def test_a_fault_of_the_service_shows_its_trace_and_nothing_else(start: Starting) -> None:
    async with start(ledger()) as client:
        answer = await client.post("/v1/broken")
        assert await count(client, "note", "broken") == 0
    problem(answer, 500)
    assert "hunter2" not in answer.text
    assert "ZeroDivision" not in answer.text


async def test_a_get_cannot_write(start: Starting) -> None:
    async with start(ledger()) as client:
        problem(await client.get("/v1/careless"), 500)
        assert await count(client, "note", "careless") == 0


async def test_an_event_without_an_audit_row_is_refused(start: Starting) -> None:
    async with start(ledger()) as client:
        problem(await client.post("/v1/unsaid"), 500)
        assert await count(client, "kit_outbox", "unsaid") == 0


async def test_a_repeated_post_gets_the_same_answer_and_has_one_effect(start: Starting) -> None:
    async with start(ledger()) as client:
        body, key = note(), {"Idempotency-Key": uuid4().hex}
        first = await client.post("/v1/notes", json=body, headers=key)
        again = await client.post("/v1/notes", json=body, headers=key)
        assert await count(client, "kit_audit", body["id"]) == 1
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["content-type"] == again.headers["content-type"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_key_is_refused_for_another_body_path_or_query(start: Starting) -> None:
    async with start(ledger()) as client:
        key = {"Idempotency-Key": uuid4().hex}
        body = note()
        await client.post("/v1/notes", json=body, headers=key)
        for answer in (
            await client.post("/v1/notes", json=note(), headers=key),
            await client.post("/v1/notes?x=1", json=body, headers=key),
            await client.post("/v1/unsaid", json=body, headers=key),
        ):
            found = problem(answer, 422)
            assert found["parameter"] == "Idempotency-Key"
            assert "fresh key" in found["mend"]


async def test_a_key_belongs_to_its_actor(start: Starting, world: World) -> None:
    async with start(ledger()) as client:
        key = {"Idempotency-Key": uuid4().hex}
        mine = await client.post("/v1/notes", json=note(), headers=key)
        theirs = await client.post("/v1/notes", json=note(), headers=key | world.headers("psirt-2"))
    assert (mine.json()["author"], theirs.json()["author"]) == ("psirt", "psirt-2")


async def test_a_refused_request_may_be_corrected_under_its_key(start: Starting) -> None:
    async with start(ledger()) as client:
        key, body = {"Idempotency-Key": uuid4().hex}, note("fail late")
        problem(await client.post("/v1/notes", json=body, headers=key), 409)
        fixed = await client.post("/v1/notes", json=body | {"text": "fine"}, headers=key)
    assert fixed.status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
async def test_a_malformed_key_is_refused(start: Starting, key: str) -> None:
    async with start(ledger()) as client:
        answer = await client.post("/v1/notes", json=note(), headers={"Idempotency-Key": key})
    problem(answer, 400)


async def test_concurrent_duplicates_wait_and_get_the_first_ones_answer(start: Starting) -> None:
    async with start(ledger()) as client:
        body, key = note(), {"Idempotency-Key": uuid4().hex}
        answers = await asyncio.gather(
            *(client.post("/v1/notes", json=body, headers=key) for _ in range(25))
        )
        assert await count(client, "kit_audit", body["id"]) == 1
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 24


async def test_pages_show_everything_once_and_in_order(start: Starting) -> None:
    async with start(ledger()) as client:
        await client.context.pool.execute(
            "TRUNCATE note; INSERT INTO note SELECT lpad(n::text, 3, '0'), 'x', 'x' "
            "FROM generate_series(1, 25) n"
        )
        seen: list[str] = []
        cursor: str | None = None
        sizes = []
        while True:
            given = {"limit": "10"} | ({"cursor": cursor} if cursor else {})
            got = (await client.get("/v1/notes", params=given)).json()
            seen += [item["id"] for item in got["items"]]
            sizes.append(len(got["items"]))
            cursor = got["next"]
            if cursor is None:
                break
    assert sizes == [10, 10, 5]
    assert seen == [f"{n:03}" for n in range(1, 26)]


async def test_openapi_describes_problems_keys_and_tokens(start: Starting) -> None:
    async with start(ledger()) as client:
        schema = (await client.get("/openapi.json", headers={"authorization": ""})).json()
    post = schema["paths"]["/v1/notes"]["post"]
    assert list(post["responses"]["default"]["content"]) == [PROBLEM]
    assert "pointer" in schema["components"]["schemas"]["ProblemDetails"]["properties"]
    assert [each["name"] for each in post["parameters"]] == ["Idempotency-Key"]
    assert post["security"] == [{"HTTPBearer": []}]
    assert "security" not in schema["paths"]["/link/{token}"]["get"]
    assert "422" not in post["responses"]


async def test_reference_pages_need_no_token_and_no_other_host(start: Starting) -> None:
    async with start(ledger()) as client:
        pages = {
            path: await client.get(path, headers={"authorization": ""})
            for path in ("/docs", "/asyncapi", "/health/live", "/health/ready", "/metrics")
        }
    assert {answer.status_code for answer in pages.values()} == {200}
    assert "/v1/notes" in pages["/docs"].text
    assert not re.search(r"(src|href)=['\"]?(https?:)?//|@import|<script", pages["/docs"].text)
    part = pages["/asyncapi"].json()
    assert set(part["channels"]) >= {"cases", "findings"}
    assert "submissions" not in part["channels"]
    assert all(name.startswith("triage.") for name in part["operations"])
    assert part["components"]["messages"]["case.opened.v1"]["payload"]["properties"]["kind"]


async def test_arming_in_a_service_without_timers_is_refused(start: Starting) -> None:
    whole = ledger()
    async with start(Service(whole.name, (), whole.routers, None, whole.start)) as client:
        body = note(remind_at="2030-01-01T00:00:00Z")
        problem(await client.post("/v1/notes", json=body), 500)
        assert await count(client, "note", body["id"]) == 0

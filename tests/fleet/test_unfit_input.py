"""Bad input meets a clear answer, costs nothing that was accepted, and stops no service.

It comes last of the tests that share a fleet: what it leaves there is no part of the story.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer

from deploy.demo.acts.plot import CAMPAIGN, GATEWAY, OPENSSL, PUMP, case_of
from deploy.demo.stage import Stage
from schemas.topics import DEVICES, INTEGRATION, SERVICES
from tests.component.intake import documents
from tests.component.intake.documents import encoded
from tests.fleet import poison
from tests.fleet.books import different
from tests.fleet.theatre import BOOT, Theatre

pytestmark = [pytest.mark.stack, pytest.mark.slow]

MIB = 1024 * 1024
CVE = encoded(documents.cve(9001))
WRONG_TYPES = documents.cve(9002)
WRONG_TYPES["containers"]["cna"]["affected"] = "none"
DOCUMENTS = {
    "not-json": (b'{"dataType": ', "not-json"),
    "truncated": (CVE[: len(CVE) // 2], "not-json"),
    "wrong-format": (b"<feed xmlns='http://www.w3.org/2005/Atom'/>", "unknown-format"),
    "later": (b'spdxVersion: "SPDX-2.3"', "format-later"),
    "nothing-inside": (b"<bom xmlns='http://cyclonedx.org/schema/bom/1.4'/>", "no-components"),
    "cut-off-xml": (b"<bom xmlns='http://cyclonedx.org/schema/bom/1.4'>", "not-xml"),
    "words": (b"nothing that we know", "unknown-format"),
    "deep": (b'{"dataType": ' + b"[" * 100_000, "too-deep"),
    "wrong-types": (encoded(WRONG_TYPES), "wrong-type"),
    "unknown-version": (
        encoded(documents.sbom("x", "1") | {"specVersion": "9.9"}),
        "unknown-version",
    ),
    "duplicate-keys": (b"products:\n- product: a\n  product: b\n  name: n\n", "duplicate-key"),
    "duplicate-keys-json": (b'{"products": [], "products": []}', "duplicate-key"),
    "not-utf8": ("caf\xe9: 1".encode("latin-1"), "not-utf8"),
    "empty": (b"", "empty"),
    "blank": (b" \n\t ", "empty"),
    "empty-values": (b"products:\n- product: ''\n  name: ''\n", "invalid"),
    "future": (encoded(documents.cve(9003, updated="2199-01-01T00:00:00Z")), "future-date"),
    "large": (b'{"a": "' + b"x" * 50_000_000, "not-json"),
}
"""Each bad document and the kind of problem that it is."""
WITHIN = {"duplicate-key", "future-date", "invalid", "unknown-version", "wrong-type"}
"""Kinds that lie in one field of a document; the others are the whole document's."""


@pytest.fixture(scope="module", autouse=True)
def nothing_stops(still: Theatre) -> Iterator[None]:
    """After whatever the tests did, all six services are ready, and none was started again."""
    before = {service: still.fleet.pid(service) for service in SERVICES}
    yield
    still.fleet.await_ready(BOOT)
    assert all(still.fleet.pid(service) == before[service] for service in SERVICES)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_bad_document_is_refused_with_reason_and_mend(still: Theatre, name: str) -> None:
    value, kind = DOCUMENTS[name]
    answer = still.stage.call(
        "plm", "POST", "intake", "/v1/submissions", content=value, params={"name": f"bad-{name}"}
    )
    assert answer.status_code == 422, answer.text
    problem = _clear(answer)
    assert problem["type"] == f"urn:patchvigil:problem:{kind}"
    if kind in WITHIN:
        assert problem["pointer"], "the field is named"


def test_a_document_above_the_limit_is_refused_before_it_is_read(still: Theatre) -> None:
    answer = still.stage.call("plm", "POST", "intake", "/v1/submissions", content=b" " * (51 * MIB))
    assert answer.status_code == 413
    _clear(answer)


def test_an_sbom_for_an_unknown_product_waits_in_sight(still: Theatre) -> None:
    answer = still.stage.submit(
        "plm", "unknown.cdx.json", encoded(documents.sbom("nobody-knows", "1")), "application/json"
    )
    assert answer["status"] == "waiting"
    shown = still.stage.get("intake", f"/v1/submissions/{answer['id']}")
    assert shown["status"] == "waiting"
    assert "nobody-knows" in json.dumps(shown)


def test_bad_records_on_kafka_are_rejected_or_set_aside_with_reason_and_mend(
    still: Theatre,
) -> None:
    before = still.books.come_to_rest()
    odd = [("pv-principal", b"\xff\xfe"), ("ce_subject", b"\xff"), ("traceparent", b"")]
    _send(still, INTEGRATION, "submissions", CVE, headers=odd)
    _send(still, INTEGRATION, "submissions", None)
    unknown = {
        "device": "no-such-device", "sequence": 1, "state": "verified",
        "reported_at": "2026-05-04T10:00:00Z",
    }  # fmt: skip
    for value in (encoded(unknown), b"", None, b"{", b"[1]", encoded({**unknown, "sequence": "x"})):
        _send(still, DEVICES, "device-reports", value, headers=[("x", b"\xff")])
    still.stage.await_("six reports set aside", lambda: len(poison.stuck(still)) >= 6)
    stuck = poison.stuck(still)
    for each in stuck:
        assert each["reason"], each
        assert each["mend"], each
    assert any("no-such-device" in each["reason"] and each["field"] == "/device" for each in stuck)
    rejected = still.stage.await_("two rejections", lambda: _unsigned(still))
    assert all(fault["reason"] and fault["mend"] for fault in rejected), rejected
    poison.drop(still)
    after = still.books.come_to_rest()
    changed = set(different(before, after)) - {"triage.timeline"}
    assert {name.partition(".")[0] for name in changed} == {"intake"}


def test_who_may_not_is_told_what_is_missing(still: Theatre) -> None:
    stage = still.stage
    nobody = httpx.get(f"{stage.urls['triage']}/v1/cases", timeout=30)
    assert nobody.status_code == 401
    _clear(nobody)
    case = case_of(stage, OPENSSL)
    draft = stage.get("notification", "/v1/drafts?limit=1")["items"][0]["draft"]
    verdict = {
        "product": GATEWAY, "verdict": "not_exploited", "ground": "Nothing was found",
        "reopen_trigger": "a new report",
    }  # fmt: skip
    approval = {"revision": 1, "digest": "0" * 64}
    for actor, service, path, sent in (
        ("operations", "triage", f"/v1/cases/{case}/assessments", verdict),
        ("quality", "intake", "/v1/submissions", {}),
        ("quality", "deployment-tracker", f"/v1/campaigns/{CAMPAIGN}/waves/4/start", {}),
        ("psirt-1", "notification", f"/v1/drafts/{draft}/approve", approval),
    ):
        answer = stage.call(actor, "POST", service, path, json=sent)
        assert answer.status_code == 403, f"{service}{path}: {answer.text}"
        problem = _clear(answer)
        assert problem["parameter"] == "Authorization"
        assert f"{actor} lacks the role" in problem["detail"]


def test_an_author_does_not_approve(still: Theatre) -> None:
    stage = still.stage
    drafts = stage.get("notification", f"/v1/drafts?case={case_of(stage, OPENSSL)}&limit=200")
    name = next(
        each["draft"] for each in drafts["items"]
        if each["stage"] == "notification" and each["product"] == GATEWAY and not each["ended"]
    )  # fmt: skip
    path = f"/v1/drafts/{name}"
    stage.post("regulatory", "notification", f"{path}/fill", _fill(stage, path))
    draft = stage.get("notification", path)
    bound = {"revision": draft["revision"], "digest": draft["digest"]}
    answer = stage.call("regulatory", "POST", "notification", f"{path}/approve", json=bound)
    assert answer.status_code == 409, answer.text
    assert "author" in _clear(answer)["detail"]


def test_a_wave_without_its_gates_does_not_start(still: Theatre) -> None:
    stage, case = still.stage, case_of(still.stage, OPENSSL)
    measures = stage.get("triage", f"/v1/cases/{case}")["measures"]
    measure = next(each["measure"] for each in measures if PUMP in each["products"])
    digest = hashlib.sha256(b"image of the pump 2.4.1").hexdigest()
    stage.post("operations", "deployment-tracker", "/v1/releases", {
        "release": "pump-2.4.1", "product": PUMP, "version": "2.4.1", "digest": digest,
        "signature": stage.cast.sign(digest), "signed_by": "release-key",
    })  # fmt: skip
    stage.post("operations", "deployment-tracker", "/v1/campaigns", {
        "campaign": "pump-2.4.1", "case": case, "measure": measure, "release": "pump-2.4.1",
        "product": PUMP, "from_versions": ["2.4.0"], "target_version": "2.4.1",
        "waves": [{"method": "automatic", "percent": 100}],
        "stop_rules": {"failure_percent": 5, "minimum_finished": 20},
    })  # fmt: skip
    path = "/v1/campaigns/pump-2.4.1"
    stage.post("operations", "deployment-tracker", f"{path}/waves/1/start", {})
    gates = stage.await_("the gates' answer", lambda: _wave(stage, path)["gates"])
    assert _wave(stage, path)["state"] == "planned"
    missing = [each for each in gates if each["verdict"] != "passed"]
    assert {each["gate"] for each in missing} == {"risk_file", "rollback_exercised"}
    assert all(each["reason"] for each in missing)


def _clear(answer: httpx.Response) -> dict[str, Any]:
    """Hold a problem to what each owes its reader: field, reason and mend."""
    problem: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"], problem
    assert problem["mend"], problem
    assert "pointer" in problem or "parameter" in problem, problem
    return problem


def _send(
    house: Theatre,
    user: str,
    topic: str,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes]] = (),
) -> None:
    producer = Producer({**house.stack.kafka.client(user), "log_level": 0})
    key = f"bad-{hashlib.sha256(value or b'').hexdigest()[:8]}"
    producer.produce(house.stack.topic_prefix + topic, value, key, headers=[*headers])
    assert producer.flush(30) == 0


def _unsigned(house: Theatre) -> list[dict[str, Any]]:
    """List what is wrong with submissions of nobody who is known, once there are two."""
    items = house.stage.get("intake", "/v1/submissions?status=rejected&limit=500")["items"]
    first = [each["faults"][0] for each in items]
    found = [each for each in first if each["code"] == "unauthorised"]
    return found if len(found) >= 2 else []


def _fill(stage: Stage, path: str) -> Mapping[str, Any]:
    document = stage.get("notification", path)["document"]
    field = next(each["id"] for each in document["fields"] if each["id"] == "summary")
    return {"fields": [{"field": field, "value": "Stated by its author."}]}


def _wave(stage: Stage, path: str) -> dict[str, Any]:
    wave: dict[str, Any] = stage.get("deployment-tracker", path)["waves"][0]
    return wave

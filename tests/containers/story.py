"""A short story through a running fleet: a product, its SBOM, an advisory, the case it opens."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from confluent_kafka import Consumer

from deploy.world import KafkaAddress

PATIENCE = 60.0
_PRODUCT, _VERSION, _COMPONENT = "story/gateway", "1.0", "story-parser"

REGISTER = {
    "entities": [{"entity": "story/maker", "name": "Story Devices (fictional)", "country": "DE"}],
    "products": [{
        "product": _PRODUCT, "name": "Story Gateway", "entity": "story/maker", "markets": ["DE"],
        "versions": [{"version": _VERSION}],
    }],
}  # fmt: skip
SBOM = {
    "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
    "metadata": {
        "timestamp": "2026-01-05T10:00:00Z",
        "component": {"type": "device", "name": "Story Gateway", "version": _VERSION},
    },
    "components": [{
        "type": "library", "name": _COMPONENT, "version": "1.4.2",
        "purl": f"pkg:pypi/{_COMPONENT}@1.4.2",
    }],
}  # fmt: skip
ADVISORY = {
    "schema_version": "1.6.0", "id": "STORY-2026-0001", "modified": "2026-01-06T10:00:00Z",
    "published": "2026-01-06T10:00:00Z", "summary": "A fictional flaw in a fictional parser",
    "affected": [{
        "package": {"ecosystem": "PyPI", "name": _COMPONENT, "purl": f"pkg:pypi/{_COMPONENT}"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
    }],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fleet:
    """Where a running fleet is and how to act in it."""

    base_urls: Mapping[str, str]
    tokens: Mapping[str, str]
    """Bearer tokens of `operator` and `integration`."""
    kafka: KafkaAddress


def play(fleet: Fleet, say: Callable[[str], None]) -> None:
    """Play the story; an assertion says what did not happen."""
    for service, url in fleet.base_urls.items():
        assert httpx.get(f"{url}/health/ready").status_code == 200, f"{service} is not ready"
    say("all services are ready")
    for name, document, about in (
        ("catalogue.json", REGISTER, {}),
        ("gateway.cdx.json", SBOM, {"product": _PRODUCT, "version": _VERSION}),
        ("advisory.json", ADVISORY, {}),
    ):
        say(f"{name}: {_submit(fleet, name, document, about)}")
    _first(fleet, "findings", _affected)
    say("sbom-matcher found the product affected, as an integration reads on Kafka")
    case = _first(fleet, "cases", lambda value: _PRODUCT in json.dumps(value))
    shown = _get(fleet, "triage", f"/v1/cases/{case['case']}")
    assert shown["case"] == case["case"], shown
    say(f"case {case['case']} is open, over HTTP too")


def _affected(value: dict[str, Any]) -> bool:
    finding = value.get("finding", {})
    return (finding.get("product"), finding.get("verdict")) == (_PRODUCT, "affected")


def _submit(fleet: Fleet, name: str, document: Mapping[str, Any], about: Mapping[str, str]) -> str:
    answer = httpx.post(
        f"{fleet.base_urls['intake']}/v1/submissions",
        params={"name": name, "source": "story", **about},
        content=json.dumps(document),
        headers={
            "authorization": f"Bearer {fleet.tokens['integration']}",
            "content-type": "application/json",
            "idempotency-key": f"story-{name}",
        },
        timeout=30,
    )
    assert answer.status_code in {200, 202}, f"{name}: {answer.status_code} {answer.text}"
    return str(answer.json()["status"])


def _get(fleet: Fleet, service: str, path: str) -> dict[str, Any]:
    authorization = {"authorization": f"Bearer {fleet.tokens['operator']}"}
    answer = httpx.get(f"{fleet.base_urls[service]}{path}", headers=authorization, timeout=30)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
    return dict(answer.json())


def _first(fleet: Fleet, topic: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Read a topic from its start, as the integration, until a record is the wanted one."""
    consumer = Consumer({
        **fleet.kafka.client("integration"),
        "group.id": "integration.story", "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    })  # fmt: skip
    consumer.subscribe([topic])
    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            message = consumer.poll(1)
            value = message.value() if message is not None and message.error() is None else None
            if value and wanted(found := json.loads(value)):
                return dict(found)
    finally:
        consumer.close()
    raise AssertionError(f"no record of the story on {topic} within {PATIENCE:.0f} s")

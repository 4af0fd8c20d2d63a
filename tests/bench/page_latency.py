"""How long a person waits: from a report's append to Kafka to the webhook's 200 of the page.

Reports of exploitation, 20 a second, each for another open case, go to `submissions` as signed
records, with six services up: intake, triage, deadline-clock and notification each take their hop.
`python -m tests.bench.page_latency` writes bench/results/page_latency.json.
"""

import asyncio
import base64
import json
import os
import re
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from aiokafka import AIOKafkaProducer

from deploy.demo import cast as casting
from deploy.demo.receivers import Inbox, receiving
from deploy.embedded import fleet
from deploy.world import Stack
from schemas.topics import INTEGRATION
from tests.bench import processor
from tests.bench.report import Figure, percentile, write

RATE = 20
WARM_UP, MEASURED = 10, 60
CASES = RATE * (WARM_UP + MEASURED)
SIGNER = "release-key"
_PATIENCE = 300.0

CATALOGUE = {
    "entities": [{"entity": "bench", "name": "Bench"}],
    "products": [
        {
            "product": "gateway", "name": "Gateway", "entity": "bench", "markets": ["DE"],
            "qualification": {
                "kind": "not_a_device", "rationale": "A gateway", "decided_by": "bench",
                "decided_on": "2026-01-01",
            },
            "versions": [{"version": "1.0"}],
        }
    ],
}  # fmt: skip
SBOM = {
    "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
    "metadata": {"component": {"type": "application", "name": "gateway", "version": "1.0"}},
    "components": [
        {
            "type": "library", "bom-ref": "lib", "name": "lib", "version": "1.5.0",
            "purl": "pkg:pypi/benchlib@1.5.0",
        }
    ],
}  # fmt: skip


def advisory(number: int) -> dict[str, Any]:
    """An OSV record that affects the gateway's one component."""
    return {
        "schema_version": "1.6.0", "id": f"CVE-2026-{20000 + number}",
        "modified": "2026-11-01T00:00:00Z", "published": "2026-11-01T00:00:00Z",
        "summary": "A made vulnerability",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "benchlib"},
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}
                ],
            }
        ],
    }  # fmt: skip


def report(number: int) -> bytes:
    """A customer's report of exploitation."""
    return json.dumps(
        {
            "reports": [
                {
                    "report": f"bench-{number}", "kind": "customer", "title": "Exploited",
                    "identifiers": [f"CVE-2026-{20000 + number}"], "product": "gateway",
                    "exploited": True,
                }
            ]
        }
    ).encode()  # fmt: skip


def main() -> None:
    """Measure and write the figures."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        home = Path(folder)
        secret = casting.fresh_secret()
        receivers = stack.enter_context(receiving(secret.encode()))
        at = {"webhook_port": receivers.webhook_port, "smtp_port": receivers.smtp_port}
        cast = casting.write(home, secret=secret, ack_url="http://127.0.0.1", **at)
        environment = {
            "PATCHVIGIL_PRINCIPALS_FILE": str(cast.principals),
            "PATCHVIGIL_ROSTER_FILE": str(cast.roster),
        }
        running = stack.enter_context(fleet.run(home, environment=environment))
        prepare(running.base_urls, cast)
        sent = asyncio.run(send(running.stack, cast))
        arrived = await_pages(receivers.inbox, sent.at)
    waits = [
        (arrived[cve] - at_) * 1000
        for number, (cve, at_) in enumerate(sent.at.items())
        if number >= RATE * WARM_UP and cve in arrived
    ]
    missing = len(sent.at) - len(arrived)
    write(
        "page_latency",
        [
            Figure("append to page, p50", percentile(waits, 0.5), "ms", "lower", bar=200),
            Figure("append to page, p99", percentile(waits, 0.99), "ms", "lower", bar=1000),
            Figure("append to page, longest", max(waits), "ms", "lower"),
            Figure("pages measured", len(waits), "pages", "higher", bar=RATE * MEASURED),
            Figure("signals without a page", missing, "signals", "lower", bar=0),
            Figure("signals sent a second", sent.rate, "signals/s", "higher"),
            Figure("processor time a signal, this bench included", sent.work, "ms", "lower"),
        ],
    )


def prepare(urls: dict[str, str], cast: casting.Cast) -> None:
    """Open a case for each signal to come.

    Raises:
        TimeoutError: the cases did not open.
    """
    headers = {"authorization": f"Bearer {cast.tokens['plm']}"}
    lines = b"\n".join(json.dumps(advisory(number)).encode() for number in range(CASES))
    documents: tuple[tuple[str, bytes, dict[str, str]], ...] = (
        ("catalogue.yaml", yaml.safe_dump(CATALOGUE).encode(), {}),
        ("sbom.json", json.dumps(SBOM).encode(), {"product": "gateway", "version": "1.0"}),
        ("advisories.jsonl", lines, {}),
    )
    with httpx.Client(timeout=120, headers=headers) as client:
        for name, content, more in documents:
            client.post(
                f"{urls['intake']}/v1/submissions", params={"name": name, **more}, content=content
            ).raise_for_status()
        deadline = time.monotonic() + _PATIENCE
        while _cases(client, urls["triage"]) < CASES:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{_cases(client, urls['triage'])} of {CASES} cases opened")
            time.sleep(1)
        time.sleep(5)  # clocks, drafts and projections of so many cases come to rest


def _cases(client: httpx.Client, url: str) -> int:
    count, cursor = 0, ""
    while True:
        found = client.get(f"{url}/v1/cases?limit=500{cursor}").raise_for_status().json()
        count += len(found["items"])
        if found["next"] is None:
            return count
        cursor = f"&cursor={found['next']}"


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent: each identifier's instant of append.

    Of the part that is measured: the rate that was held, and the milliseconds of processor time
    that a signal took everywhere.
    """

    at: dict[str, float]
    rate: float
    work: float


async def send(stack: Stack, cast: casting.Cast) -> Sent:
    """Append a report every 50 ms."""
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.kafka.bootstrap, security_protocol="SASL_PLAINTEXT",
        sasl_mechanism=stack.kafka.mechanism, sasl_plain_username=INTEGRATION,
        sasl_plain_password=stack.kafka.passwords[INTEGRATION], acks="all",
    )  # fmt: skip
    await producer.start()
    sent: dict[str, float] = {}
    try:
        began = time.monotonic()
        for number in range(CASES):
            if number == RATE * WARM_UP:
                before, at = processor.seconds_below(os.getpid()), time.monotonic()
            await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
            value = report(number)
            headers = [
                ("content-type", b"application/json"),
                ("ce_subject", f"bench-{number}.json".encode()),
                ("pv-principal", SIGNER.encode()),
                ("pv-signature", base64.b64encode(cast.release_key.sign(value))),
            ]
            sent[f"CVE-2026-{20000 + number}"] = time.time()
            await producer.send_and_wait(
                stack.topic_prefix + "submissions", value, f"bench/{number}".encode(),
                headers=headers,
            )  # fmt: skip
        took = time.monotonic() - at
        used = processor.seconds_below(os.getpid()) - before
    finally:
        await producer.stop()
    measured = RATE * MEASURED
    return Sent(sent, measured / took, used / measured * 1000)


def await_pages(inbox: Inbox, sent: dict[str, float]) -> dict[str, float]:
    """Wait until every signal's page arrived, or no more do; give each one's first arrival."""
    deadline = time.monotonic() + 60
    while True:
        arrived: dict[str, float] = {}
        for call in list(inbox.calls):
            if call.path != "/tickets" and call.body["kind"] == "page":
                for cve in re.findall(r"CVE-2026-\d+", call.body["summary"]):
                    arrived.setdefault(cve, call.at)
        if sent.keys() <= arrived.keys() or time.monotonic() > deadline:
            return arrived
        time.sleep(0.5)


if __name__ == "__main__":
    main()

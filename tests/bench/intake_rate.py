"""How fast intake turns CVE records into canonical events: from Kafka to Kafka.

Signed records lie on `submissions.bulk`; the service starts and the time runs from the first
advisory on the wire to the last. Public records are used where PATCHVIGIL_PUBLIC_DATA has
them (the bar is meant for those), else made ones of a like size.
`python -m tests.bench.intake_rate` writes bench/results/intake_rate.json.
"""

import asyncio
import base64
import json
import lzma
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy import stack as deploy_stack
from schemas.topics import TOPICS
from services.intake.app import app
from services.intake.formats import sniff
from tests.neighbours import serving
from tests.world import World, fresh_world

RECORDS = 8_000
BAR = 1_000
TOPIC, RESULT = "submissions.bulk", "advisories.bulk"
SIGNER = "feed-mirror"


def records() -> list[bytes]:
    """CVE records: public ones if they are there, else made ones."""
    folder = Path(os.environ.get("PATCHVIGIL_PUBLIC_DATA", "../shared/data"))
    public = folder / "cve" / "cve-5.1.jsonl.xz"
    if public.exists():
        with lzma.open(public) as lines:
            return [line.strip() for line in islice(lines, RECORDS)]
    return [json.dumps(_made(number)).encode() for number in range(RECORDS)]


def _made(number: int) -> dict[str, Any]:
    versions = [
        {"version": f"{n}.0", "lessThan": f"{n}.{number % 40}", "status": "affected",
         "versionType": "semver"} for n in range(8)
    ]  # fmt: skip
    affected = [
        {"vendor": f"vendor{number % 97}", "product": f"product{number % 997}-{n}",
         "versions": versions, "defaultStatus": "unaffected"} for n in range(3)
    ]  # fmt: skip
    return {
        "dataType": "CVE_RECORD", "dataVersion": "5.1",
        "cveMetadata": {"cveId": f"CVE-2026-{10_000 + number}", "state": "PUBLISHED",
                        "dateUpdated": "2026-05-01T00:00:00Z"},
        "containers": {"cna": {
            "providerMetadata": {"shortName": "examplecna"}, "affected": affected,
            "descriptions": [{"lang": "en", "value": "A flaw in a product. " * 100}],
        }},
    }  # fmt: skip


def _enrol(principals: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    known = yaml.safe_load(principals.read_text())
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    known["principals"].append({
        "id": SIGNER, "name": "Feed mirror", "kind": "integration", "roles": ["integration"],
        "public_key": public,
    })  # fmt: skip
    principals.write_text(yaml.safe_dump(known))
    return key


async def _publish(world: World, given: list[bytes], key: Ed25519PrivateKey) -> None:
    producer = AIOKafkaProducer(**world.kafka("integration"), linger_ms=20)
    await producer.start()
    sent = []
    for number, value in enumerate(given):
        name = f"record-{number}"
        headers = [
            ("ce_subject", name.encode()), ("pv-principal", SIGNER.encode()),
            ("pv-signature", base64.b64encode(key.sign(value))),
        ]  # fmt: skip
        sent.append(await producer.send(world.topic(TOPIC), value, name.encode(), headers=headers))
    await asyncio.gather(*sent)
    await producer.stop()


async def _count(reader: AIOKafkaConsumer, partitions: list[TopicPartition]) -> int:
    return sum((await reader.end_offsets(partitions)).values())


async def _measure(world: World, expected: int) -> float:
    """Records a second between the first and the last advisory on the wire."""
    partitions = [TopicPartition(world.topic(RESULT), p) for p in range(TOPICS[RESULT].partitions)]
    reader = AIOKafkaConsumer(**world.kafka("admin"), enable_auto_commit=False)
    await reader.start()
    first: tuple[float, int] | None = None
    try:
        async with serving(app, world, "intake"):
            while (count := await _count(reader, partitions)) < expected:
                if first is None and count:
                    first = perf_counter(), count
                await asyncio.sleep(0.05)
            ended = perf_counter()
    finally:
        await reader.stop()
    if first is None:
        raise RuntimeError("everything came between two looks: raise RECORDS")
    return (count - first[1]) / (ended - first[0])


def _parsing(given: list[bytes]) -> float:
    began = perf_counter()
    for each in given:
        sniff.read(each)
    return len(given) / (perf_counter() - began)


def _figures() -> Iterator[dict[str, object]]:
    given = records()
    alone = _parsing(given)
    with ExitStack() as opened:
        home = os.environ.get("PATCHVIGIL_TEST_STACK_HOME")
        found = deploy_stack.running(Path(home)) if home else None
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        stack = (
            found.stack
            if found
            else opened.enter_context(deploy_stack.provide(home=folder / "stack"))
        )
        world = opened.enter_context(fresh_world(stack, folder))
        key = _enrol(Path(world.stack.principals_file))

        async def run() -> float:
            await _publish(world, given, key)
            return await _measure(world, len(given))

        rate = asyncio.run(run())
    yield {"name": "CVE records to canonical events", "value": round(rate), "unit": "records/s",
           "bar": BAR, "better": "higher", "baseline": None}  # fmt: skip
    yield {"name": "of which reading alone", "value": round(alone), "unit": "records/s",
           "bar": None, "better": "higher", "baseline": None}  # fmt: skip


def main() -> None:
    """Measure, print and keep."""
    result = {"bench": "intake_rate", "figures": list(_figures())}
    folder = Path("bench/results")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "intake_rate.json").write_text(json.dumps(result, indent=2))
    print(json.dumps(result, indent=2))  # noqa: T201  (what it is for)


if __name__ == "__main__":
    main()

"""The command `tail`: follows topics, knowing the contracts."""

import asyncio
import json as jsonlib
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from deploy.world import Stack
from schemas import EVENTS
from schemas.topics import TOPICS
from services.cli.door import Exit, RefusedError, fleet
from services.cli.printing import AsJson, out

app = typer.Typer()

_OWN = ("ce_id", "ce_revision", "ce_causation", "traceparent", "ce_dataref")


@app.command()
def tail(
    topics: Annotated[list[str], typer.Argument(help="Topics, such as `cases` or `clocks`.")],
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with the oldest record, not the next.")
    ] = False,
    until_end: Annotated[
        bool, typer.Option("--until-end", help="Stop at what the topics hold now.")
    ] = False,
    case: Annotated[str | None, typer.Option(help="Only records of this case.")] = None,
    key: Annotated[str | None, typer.Option(help="Only records with this key.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Only this event type.")] = None,
    full: Annotated[bool, typer.Option(help="Print whole values, not a summary.")] = False,
    json: AsJson = False,
) -> None:
    """Follow topics: type, key, case and value of each record, until Ctrl-C."""
    unknown = [name for name in topics if name not in TOPICS]
    if unknown:
        known = ", ".join(sorted(TOPICS))
        raise RefusedError(Exit.USAGE, f"no such topic: {', '.join(unknown)}", f"one of {known}")
    found = fleet()
    if found is None:
        raise RefusedError(Exit.UNREACHABLE, "no fleet runs here", "", "patchvigil up")
    wanted = {"ce_case": case, "key": key, "ce_type": kind}

    def show(record: dict[str, Any]) -> None:
        if all(value is None or record.get(name) == value for name, value in wanted.items()):
            _print(record, full=full, json_wanted=json)

    try:
        asyncio.run(_follow(found.stack, topics, show, from_start=from_start, until_end=until_end))
    except KafkaError as error:
        raise RefusedError(Exit.UNREACHABLE, "Kafka refused", str(error)) from error
    except KeyboardInterrupt:
        return


async def _follow(
    stack: Stack, names: list[str], show: Any, *, from_start: bool, until_end: bool
) -> None:
    secured: dict[str, Any] = {}
    if stack.kafka.secured:
        secured = {
            "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": stack.kafka.mechanism,
            "sasl_plain_username": stack.kafka.admin_user,
            "sasl_plain_password": stack.kafka.passwords[stack.kafka.admin_user],
        }  # fmt: skip
    reader = AIOKafkaConsumer(
        bootstrap_servers=stack.kafka.bootstrap, enable_auto_commit=False, **secured
    )
    await reader.start()
    try:
        partitions = [
            TopicPartition(stack.topic_prefix + name, partition)
            for name in names
            for partition in range(TOPICS[name].partitions)
        ]
        reader.assign(partitions)
        ends = await reader.end_offsets(partitions)
        begins = await reader.beginning_offsets(partitions) if from_start else ends
        for partition in partitions:
            reader.seek(partition, begins[partition])
        left = {each for each in partitions if begins[each] < ends[each]}
        while left or not until_end:
            batches = await reader.getmany(timeout_ms=200)
            records = sorted(
                (record for batch in batches.values() for record in batch),
                key=lambda record: record.timestamp,
            )
            for record in records:
                show(_read(record, stack.topic_prefix))
            if until_end:
                left = {each for each in left if await reader.position(each) < ends[each]}
    finally:
        await reader.stop()


def _read(record: ConsumerRecord, prefix: str) -> dict[str, Any]:
    """Turn a record into a document: its headers, key, place and decoded value."""
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers if value}
    raw = record.value or b""
    try:
        value = jsonlib.loads(raw) if raw else None
    except ValueError:
        value = raw.decode("utf-8", "replace")
    return {
        "topic": record.topic.removeprefix(prefix),
        "partition": record.partition,
        "offset": record.offset,
        "key": (record.key or b"").decode("utf-8", "replace"),
        **headers,
        "value": value,
        "fits_contract": _fits(headers.get("ce_type"), raw),
    }


def _fits(kind: str | None, raw: bytes) -> bool | None:
    """Tell whether a value fits its contract; None where no contract is known."""
    event = EVENTS.get(kind or "")
    if event is None or not raw:
        return None
    try:
        event.model_validate_json(raw)
    except ValueError:
        return False
    return True


def _print(record: dict[str, Any], *, full: bool, json_wanted: bool) -> None:
    if json_wanted:
        sys.stdout.write(jsonlib.dumps(record, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    kind = record.get("ce_type", "?")
    flag = "  does not fit its contract" if record["fits_contract"] is False else ""
    out.print(f"{record.get('ce_time', '')}  {kind:28} {record['key']}{flag}")
    if full:
        for name in _OWN:
            if name in record:
                out.print(f"    {name}: {record[name]}")
        out.print_json(jsonlib.dumps(record["value"]))
    elif isinstance(record["value"], Mapping):
        out.print(f"    {_summary(record['value'])}")


def _summary(value: Mapping[str, Any]) -> str:
    """Give the plain fields of a value in one line; nested ones are shown by --full."""
    first = next((held for held in value.values() if isinstance(held, Mapping)), {})
    plain = {
        name: held
        for name, held in {**first, **value}.items()
        if isinstance(held, str | int | float | bool) and held != ""
    }
    return ", ".join(f"{name}={held}" for name, held in list(plain.items())[:9])

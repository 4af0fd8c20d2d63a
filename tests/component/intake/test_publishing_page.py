"""The examples of docs/publishing.md, run as they stand, and its tables, held against the code."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.intake.formats import rows, tables
from tests.component.intake import documents
from tests.component.intake.conftest import SIGNER, Intake
from tests.neighbours import eventually

PAGE = (Path(__file__).parents[3] / "docs" / "publishing.md").read_text()
SOURCES = Path(__file__).parents[3] / "services" / "intake"


def example(name: str) -> str:
    """The code of an example."""
    found = re.search(rf"```python {name}\n(.*?)```", PAGE, re.DOTALL)
    assert found, name
    return found[1]


async def run(code: str, folder: Path, *files: str, **environment: str) -> str:
    """Run an example as a script, and give what it printed."""
    (folder / "example.py").write_text(code)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "example.py", *files, cwd=folder, env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


@asynccontextmanager
async def address(intake: Intake) -> AsyncIterator[str]:
    """The running service on a real port."""
    transport = intake.client._transport
    app = getattr(transport, "app")  # noqa: B009  (httpx declares no type for it)
    port = intake.world.stack.http_ports["intake"]
    config = uvicorn.Config(app, port=port, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    try:
        await eventually(lambda: asyncio.sleep(0, server.started))
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@pytest.mark.stack
async def test_the_http_example_submits_files(intake: Intake, tmp_path: Path) -> None:
    (tmp_path / "good.json").write_bytes(documents.encoded(documents.cve(7001)))
    (tmp_path / "bad.json").write_text('{"products": [{"product": "x"}]}')
    async with address(intake) as url:
        printed = await run(
            example("http"),
            tmp_path,
            "good.json",
            "bad.json",
            PATCHVIGIL_INTAKE=url,
            PATCHVIGIL_TOKEN=intake.world.token("integration"),
        )
    assert "good.json published" in printed
    assert "bad.json /products/0/name Field required -> add it" in printed


@pytest.mark.stack
async def test_the_kafka_example_publishes_files(intake: Intake, tmp_path: Path) -> None:
    (tmp_path / "kafka.json").write_bytes(documents.encoded(documents.cve(7002)))
    pem = intake.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    kafka = intake.world.kafka("integration")
    if "sasl_plain_password" not in kafka:
        pytest.skip("this Kafka asks for no password; the example is written for one that does")
    await run(
        example("kafka"), tmp_path, "kafka.json", PATCHVIGIL_SIGNING_KEY=pem,
        PATCHVIGIL_PRINCIPAL=SIGNER, KAFKA=str(kafka["bootstrap_servers"]),
        KAFKA_USER="integration", KAFKA_PASSWORD=str(kafka["sasl_plain_password"]),
        TOPIC=intake.world.topic("submissions"),
    )  # fmt: skip
    assert (await intake.fate("kafka.json"))["status"] == "published"


def test_every_code_of_a_rejection_is_explained() -> None:
    # What a build holds is read by the command line alone: nobody submits it.
    sources = (path for path in SOURCES.rglob("*.py") if path.parent.name != "built")
    text = "".join(path.read_text() for path in sources)
    used = set(re.findall(r"(?:FormatError|Fault)\(\s*\"([a-z_0-9]+)\"", text))
    assert len(used) > 25
    assert {code for code in used if f"`{code}`" not in PAGE} == set()


def test_every_field_and_column_of_our_files_is_listed() -> None:
    lines = {key: line for key in rows.LISTS for line in PAGE.splitlines()
             if line.startswith(f"| `{key}` |")}  # fmt: skip
    for key, model in rows.LISTS.items():
        listed = set(re.findall(r"[a-z_0-9]+", lines[key]))
        assert set(model.model_fields) - listed == set(), key
        assert set(tables.COLUMNS.get(key, ())) - listed == set(), key

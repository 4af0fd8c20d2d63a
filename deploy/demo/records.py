"""Reads a folder of public records: nothing of it is kept in the project.

It is laid out as `cve/*.jsonl.xz`, `csaf/*.jsonl.xz`, `kev/*.json`, `osv/*.jsonl.xz` and `sbom/*`.
"""

import json
import lzma
from collections.abc import Iterator
from pathlib import Path

import yaml

from deploy.demo.acts.plot import DOCUMENTS

CHUNK_BYTES = 8_000_000
"""A submission holds at most so many bytes of records."""

_ENTITY = "public-records"
_EXPLOITED = "09-exploited-long-ago.cdx.json"


def chunks(path: Path) -> Iterator[tuple[bytes, int]]:
    """Cut a file of records into submissions."""
    lines: list[bytes] = []
    size = 0
    with lzma.open(path) as opened:
        for line in opened:
            lines.append(line)
            size += len(line)
            if size >= CHUNK_BYTES:
                yield b"".join(lines), len(lines)
                lines, size = [], 0
    if lines:
        yield b"".join(lines), len(lines)


def sboms(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Give every document, and one of ours: a component that CISA's catalogue lists since 2021."""
    yield _EXPLOITED.removesuffix(".cdx.json"), (DOCUMENTS / _EXPLOITED).read_bytes()
    for path in sorted((folder / "sbom").glob("*.cdx.json")):
        yield path.name.removesuffix(".cdx.json"), path.read_bytes()
    for path in sorted((folder / "sbom").glob("*.jsonl.xz")):
        with lzma.open(path) as opened:
            for number, line in enumerate(opened):
                yield f"{path.name.removesuffix('.jsonl.xz')}-{number:02}", line


def product_of(name: str) -> str:
    """Name the product that a document is the SBOM of."""
    return f"public/{name}"


def catalogue(folder: Path) -> bytes:
    """Register a product for each document in a format of SBOMs."""
    products = []
    for name, content in sboms(folder):
        document = json.loads(content)
        if document.get("bomFormat") != "CycloneDX" and "spdxVersion" not in document:
            continue
        products.append({
            "product": product_of(name), "name": name, "entity": _ENTITY,
            "versions": [{"version": "1"}],
        })  # fmt: skip
    entities = [{"entity": _ENTITY, "name": "Public records"}]
    return yaml.safe_dump({"entities": entities, "products": products}).encode()

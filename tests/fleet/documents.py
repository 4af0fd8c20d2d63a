"""Documents of a fictional range of devices: as many as a test asks for, each bearing on others."""

import csv
import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from deploy.demo.devices import HEADING

PARTS = 8
"""Libraries in each product; an advisory bears on one of them."""

_ENTITY = {
    "entity": "range", "name": "Example Range GmbH (fictional)", "country": "DE",
    "main_establishment": {"country": "DE", "basis": "Article 14(7), first step"},
}  # fmt: skip
_WHEN = "2026-05-04T10:00:00Z"


@dataclass(frozen=True, slots=True)
class Document:
    """One submission: a name, its bytes, and what the submitter says it describes."""

    name: str
    value: bytes
    about: dict[str, str] = field(default_factory=dict)


def products(count: int) -> Iterator[Document]:
    """Give a file a product, all of one company; none is a medical device."""
    yield _yaml("entity", {"entities": [_ENTITY]})
    for number in range(count):
        described = {
            "product": name(number), "name": f"Range gateway {number}", "entity": "range",
            "qualification": {
                "kind": "not_a_device", "rationale": "A network gateway that serves no device",
                "decided_by": "Head of regulatory affairs", "decided_on": "2024-03-04",
            },
            "eu": {"regime": "none", "product_type": "Important", "product_class": "Class I"},
            "markets": ["DE", "FR"],
            "versions": [{"version": "1.0.0", "hardware": ["H1"]}],
        }  # fmt: skip
        yield _yaml(f"product-{number}", {"products": [described]})


def sboms(count: int) -> Iterator[Document]:
    """Give the SBOM of each product: the parts of its own and of its neighbour."""
    for number in range(count):
        parts = [part(each % count, n) for each in (number, number + 1) for n in range(PARTS)]
        document = {
            "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "metadata": {
                "timestamp": _WHEN,
                "component": {"type": "device", "name": name(number), "version": "1.0.0"},
            },
            "components": [
                {
                    "type": "library", "name": each, "version": "1.4.2",
                    "purl": f"pkg:pypi/{each}@1.4.2",
                }
                for each in parts
            ],
        }  # fmt: skip
        about = {"product": name(number), "version": "1.0.0"}
        yield _json(f"sbom-{number}", document, about)


def advisories(count: int, of: int) -> Iterator[Document]:
    """Give OSV records; each bears on a part of two of the `of` products, as advisory's alias."""
    for number in range(count):
        record = {
            "id": osv(number), "aliases": [cve(number)], "modified": _WHEN,
            "published": _WHEN, "summary": "A fictional flaw",
            "affected": [{
                "package": {
                    "ecosystem": "PyPI", "name": (hit := part(number % of, number // of % PARTS)),
                    "purl": f"pkg:pypi/{hit}",
                },
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]},
                ],
            }],
        }  # fmt: skip
        yield _json(f"advisory-{number}", record)


def signals(count: int, of: int) -> Iterator[Document]:
    """Give a customer's report of exploitation for each of the first advisories."""
    for number in range(count):
        report = {
            "report": f"range-{number}", "kind": "customer", "title": "Seen exploited",
            "summary": "A fictional report", "identifiers": [cve(number)],
            "product": name(number % of), "version": "1.0.0", "exploited": True,
        }  # fmt: skip
        yield _yaml(f"signal-{number}", {"reports": [report]})


def devices(count: int, files: int, product: str) -> Iterator[Document]:
    """Give the devices of one product, in several files."""
    for file in range(files):
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(HEADING)
        for number in range(file * count // files, (file + 1) * count // files):
            writer.writerow((
                f"{product}-{number:05}", product, "1.0.0", "H1", "", "DE", "automatic", "", "L1",
            ))  # fmt: skip
        yield Document(f"devices-{product}-{file}", text.getvalue().encode())


def shuffled(documents: list[Document], seed: int) -> list[Document]:
    """Give them in another order, the same one for the same seed."""
    mixed = list(documents)
    random.Random(seed).shuffle(mixed)
    return mixed


def name(number: int) -> str:
    """Name a product."""
    return f"gateway-{number}"


def part(product: int, number: int) -> str:
    """Name a library of a product."""
    return f"part-{product}-{number}"


def osv(number: int) -> str:
    """Name an advisory."""
    return f"RANGE-2026-{number:04}"


def cve(number: int) -> str:
    """Name the CVE of an advisory."""
    return f"CVE-2026-{50_000 + number}"


def _yaml(title: str, document: Any) -> Document:
    return Document(title, yaml.safe_dump(document).encode())


def _json(title: str, document: Any, about: dict[str, str] | None = None) -> Document:
    return Document(title, json.dumps(document).encode(), about or {})

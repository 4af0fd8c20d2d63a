"""What every writer of SBOMs gives: the document, and what its format had no place for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

TOOL = "patchvigil"
"""The tool that a written document names after those that made its source."""


@dataclass(frozen=True, slots=True)
class Written:
    """A document as JSON; `left_out` says in words what the format cannot hold."""

    document: Mapping[str, Any]
    left_out: tuple[str, ...]

    def text(self) -> str:
        """The document's text."""
        return json.dumps(self.document, indent=2, ensure_ascii=False) + "\n"


def identity(content: Mapping[str, Any]) -> UUID:
    """The id of a document, made of its content: what is written twice is one document."""
    said = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return uuid5(NAMESPACE_URL, f"urn:patchvigil:sbom:{said}")


def instant(moment: datetime) -> str:
    """A moment as both formats write it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that hold something."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}

"""Real SBOMs written in both formats are read again with the same components and as many edges."""

import lzma
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.sboms import Component
from services.intake.formats import sniff
from services.intake.formats.canonical import Sbom
from services.intake.formats.error import FormatError
from services.intake.formats.outgoing import cyclonedx, spdx
from services.intake.formats.outgoing.written import Written
from services.sbom_matcher.domain.sboms.accuracy import measure
from services.sbom_matcher.domain.sboms.comparison import compare

pytestmark = [pytest.mark.public_data, pytest.mark.slow]
FOLDER = Path(os.environ.get("PATCHVIGIL_PUBLIC_DATA", "../shared/data")) / "sbom"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def inventories() -> Iterator[Sbom]:
    """Every SBOM among the public records; what is refused has tests of its own."""
    if not FOLDER.exists():
        pytest.skip(f"no public data at {FOLDER}: set PATCHVIGIL_PUBLIC_DATA to have it read")
    raws = [(FOLDER / "medical-device.cdx.json").read_bytes()]
    for name in ("cyclonedx-examples.jsonl.xz", "spdx-containers.jsonl.xz"):
        with lzma.open(FOLDER / name) as lines:
            raws += lines
    for raw in raws:
        try:
            found = sniff.read(raw)
        except FormatError:
            continue
        if isinstance(found, Sbom):
            yield found


def without_refs(sbom: Sbom) -> list[Component]:
    return [each.model_copy(update={"ref": "x"}) for each in sbom.components]


@pytest.mark.parametrize("write", [cyclonedx.write, spdx.write])
def test_every_sbom_is_written_and_read_again_unchanged(
    write: Callable[[Sbom, datetime], Written],
) -> None:
    components = 0
    for sbom in inventories():
        again = sniff.read(write(sbom, NOW).text().encode())
        assert isinstance(again, Sbom)
        assert without_refs(again) == without_refs(sbom)
        assert len(set(again.dependencies)) == len(set(sbom.dependencies))
        components += len(sbom.components)
    assert components > 25_000


def test_every_sbom_covers_itself_and_has_not_changed() -> None:
    for sbom in inventories():
        assert compare(sbom.components, sbom.components).same
        assert measure(sbom.components, sbom.components).rate == 100

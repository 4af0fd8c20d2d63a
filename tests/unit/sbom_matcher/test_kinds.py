"""What stands for a vulnerability and is none has a name of its kind, and words with the mend."""

import pytest

from schemas.findings import FindingKind
from services.sbom_matcher.domain import kinds


@pytest.mark.parametrize(
    ("kind", "mend"),
    [(FindingKind.INVENTORY, "Submit an SBOM"), (FindingKind.SUPPORT, "Replace the component")],
)
def test_the_words_name_the_product_and_the_mend(kind: FindingKind, mend: str) -> None:
    name = kinds.name(kind, "pump")
    assert kinds.kind_of(name) is kind
    text = kinds.described(name)
    assert text is not None
    assert "pump" in (text.title or "")
    assert mend in (text.description or "")


def test_a_vulnerability_stands_for_itself() -> None:
    assert kinds.kind_of("CVE-2026-1") is FindingKind.VULNERABILITY
    assert kinds.described("CVE-2026-1") is None

"""A file with the hash that an advisory names is met, whatever it is called."""

from datetime import UTC, datetime

import pytest

from schemas.advisories import Assertion, Identifier, IdentifierKind, Range, Status, Target
from schemas.advisories import TargetKind as Kind
from schemas.findings import Matcher, Verdict
from schemas.sboms import Component
from services.intake.formats import sniff
from services.intake.formats.canonical import Advisories
from services.sbom_matcher.domain import claims, handles, marks, matching, verdict
from services.sbom_matcher.domain.matching import Met, Stated, Stock
from tests.component.intake import documents

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DIGEST = "ab" * 32


def said(status: Status, *ranges: Range, vendor: str | None = "Acme") -> list[Stated]:
    named = Identifier(kind=IdentifierKind.HASH, value=f"sha256:{DIGEST}")
    target = Target(kind=Kind.NAME, vendor=vendor, product="pump", identifiers=(named,))
    assertion = Assertion(asserter="acme", target=target, status=status, ranges=ranges)
    return [
        Stated(number, "V-1", "csaf/1", NOW, claim)
        for number, claim in enumerate(claims.read([assertion]))
    ]


def met(stated: list[Stated], **component: object) -> tuple[Met, ...]:
    part = Component.model_validate({"ref": "r", "name": "firmware.bin", **component})
    stock = Stock("pump", "1", "", "c", handles.of_part(part))
    return next(iter(matching.match([stock], stated, NOW).values()), ())


@pytest.mark.parametrize("algorithm", ["SHA-256", "sha256", "SHA256"])
def test_a_component_is_met_by_its_files_hash(algorithm: str) -> None:
    [found] = met(said(Status.AFFECTED, Range(fixed="2")), hashes={algorithm: DIGEST.upper()})
    assert (found.matcher, found.verdict) == (Matcher.HASH, Verdict.AFFECTED)


def test_another_file_is_not_met() -> None:
    assert not met(said(Status.AFFECTED), hashes={"SHA-256": "cd" * 32})
    assert not met(said(Status.AFFECTED), hashes={"SHA-512": DIGEST})


def test_a_hash_counts_whatever_version_the_sbom_states_and_without_a_vendor() -> None:
    [found] = met(
        said(Status.AFFECTED, Range(fixed="2"), vendor=None), version="9", hashes={"sha256": DIGEST}
    )
    assert found.verdict is Verdict.AFFECTED


def test_the_hash_of_the_fixed_file_clears_it() -> None:
    mets = met(said(Status.FIXED), hashes={"sha256": DIGEST})
    assert verdict.combine(mets).verdict is Verdict.FIXED


def test_a_csaf_document_gives_the_hashes_of_its_products() -> None:
    document = documents.csaf("X-1")
    branch = document["product_tree"]["branches"][0]
    while "product" not in branch:
        branch = branch["branches"][0]
    branch["product"]["product_identification_helper"] = {
        "hashes": [
            {"file_hashes": [{"algorithm": "sha256", "value": DIGEST}], "filename": "firmware.bin"}
        ],
        "serial_numbers": ["SN-10*"],
    }
    read = sniff.read(documents.encoded(document))
    assert isinstance(read, Advisories)
    [vulnerability] = read.statements[0].vulnerabilities
    stated = [Stated(0, "V-1", "x", NOW, claim) for claim in claims.read(vulnerability.assertions)]
    found = met(stated, hashes={"SHA-256": DIGEST})
    assert Matcher.HASH in {each.matcher for each in found}
    units = {
        mark.value
        for each in vulnerability.assertions
        for mark in each.target.identifiers
        if mark.kind is IdentifierKind.SERIAL_NUMBER
    }
    assert units == {"SN-10*"}


@pytest.mark.parametrize("digest", ["", "xyz", "ab", "ab" * 200, "g" * 64])
def test_what_is_no_hash_is_no_key(digest: str) -> None:
    assert not marks.of_files({"sha256": digest})

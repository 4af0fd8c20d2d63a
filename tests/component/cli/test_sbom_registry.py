"""The registry of SBOMs through the command line: revisions, diffs, documents out, reviews."""

import hashlib
import json
from pathlib import Path

import pytest

from deploy.demo.acts.plot import DOCUMENTS, PUMP
from tests.component.cli.machine import Machine, until

VERSION = "2.4.0"
SBOM = f"{PUMP}@{VERSION}"
FILE = DOCUMENTS / "02-pump-2.4.0.cdx.json"

pytestmark = [pytest.mark.stack, pytest.mark.slow]


@pytest.fixture(scope="module")
def graded(machine: Machine, case: str) -> Machine:
    """The machine, once the pump's SBOM is registered and judged."""
    assert case
    until(
        lambda: [row for row in machine.json("sbom", "ls", "--product", PUMP) if row.get("due")],
        "the pump's SBOM is judged",
    )
    return machine


def test_revisions_are_listed_with_quality_and_what_is_due(graded: Machine) -> None:
    [row] = graded.json("sbom", "ls", "--product", PUMP)
    assert (row["version"], row["revision"], row["latest"]) == (VERSION, 1, True)
    assert row["sha256"] == hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert (row["size"], row["submitted_by"]) == (FILE.stat().st_size, "plm")
    assert row["due"] == ["release"]
    assert isinstance(row["flat"], bool)
    assert row["elements"]["version"]["of"] == row["components"]
    assert PUMP in graded("sbom", "ls").out


def test_a_revision_is_judged_in_full(graded: Machine) -> None:
    found = graded.json("sbom", "show", f"{SBOM}#1")
    assert "matchable" in {each["element"] for each in found["elements"]}
    assert "supplier" in graded("sbom", "show", SBOM).out


def test_two_versions_are_compared_and_an_unknown_revision_is_named(graded: Machine) -> None:
    until(
        lambda: (
            len(graded.json("sbom", "ls", "--product", "link-gateway")) > 1
            and all("due" in row for row in graded.json("sbom", "ls", "--product", "link-gateway"))
        ),
        "the gateway's SBOMs are judged",
    )
    old, new = "link-gateway@5.0.2", "link-gateway@5.1.0"
    found = graded.json("sbom", "diff", old, new)
    changed = found["added"] + found["removed"] + found["changed_version"]
    assert changed + found["changed_identifiers"]
    assert "unchanged" in graded("sbom", "diff", old, new).out
    absent = graded("sbom", "diff", f"{old}#9", new, status=1)
    assert "link-gateway@5.0.2 revision 9" in absent.err
    unread = graded("sbom", "diff", "link-gateway", new, status=2)
    assert "PRODUCT@VERSION" in unread.err


def test_the_original_comes_back_byte_for_byte_and_on_record(
    graded: Machine, tmp_path: Path
) -> None:
    file = tmp_path / "original"
    said = graded.json(
        "sbom", "get", SBOM, "--channel", "internal", "--format", "original",
        "--for", "the archive", "-o", file, "--as", "quality",
    )  # fmt: skip
    assert file.read_bytes() == FILE.read_bytes()
    assert said["sha256"] == hashlib.sha256(FILE.read_bytes()).hexdigest()
    rows = graded.json("sbom", "accesses", "--for", "the archive", "--as", "quality")
    assert [row["id"] for row in rows] == [said["id"]]


def test_a_document_for_a_customer_is_recorded_with_its_bytes_and_recipient(
    graded: Machine, tmp_path: Path
) -> None:
    file = tmp_path / "customer.json"
    graded(
        "sbom", "get", SBOM, "--channel", "customer", "--format", "spdx-2.3",
        "--for", "hospital-north", "-o", file, "--author", "Example Devices",
        "--as", "psirt-2", status=None,
    )  # fmt: skip
    assert json.loads(file.read_text())["spdxVersion"] == "SPDX-2.3"
    [row] = graded.json("sbom", "accesses", "--for", "hospital-north", "--as", "psirt-2")
    assert row["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (row["handed_by"], row["channel"], row["revision"]) == ("psirt-2", "customer", 1)
    assert "hospital-north" in graded("sbom", "accesses", "--as", "psirt-2").out


def test_a_channel_is_refused_to_a_role_that_does_not_speak_to_its_readers(
    graded: Machine, tmp_path: Path
) -> None:
    said = graded(
        "sbom", "get", SBOM, "--channel", "regulatory", "--format", "spdx-2.3",
        "--for", "an authority", "-o", tmp_path / "no", "--as", "psirt-2", status=4,
    )  # fmt: skip
    assert "psirt-2 may not hand out SBOMs by the channel regulatory" in said.err
    assert not (tmp_path / "no").exists()


def test_a_device_is_told_its_sbom_by_version_and_hardware(graded: Machine) -> None:
    [device, *_] = graded.json("device", "ls", "--product", PUMP)
    name = device["device"]["device"]
    until(
        lambda: graded("sbom", "device", name, status=None).status == 0,
        "the tracker knows the device",
    )
    found = graded.json("sbom", "device", name)
    assert (found["product"], found["version"], found["hardware"]) == (PUMP, VERSION, "B2")
    assert found["fit"] in {"exact", "any_hardware"}
    assert (found["sbom"]["version"], found["sbom"]["revision"]) == (VERSION, 1)
    assert "no device none" in graded("sbom", "device", "none", status=1).err


def test_a_review_is_recorded_by_a_person_and_meets_what_is_due(graded: Machine) -> None:
    refused = graded("sbom", "review", SBOM, "--complete", "--note", "x", "--as", "plm", status=4)
    assert "lacks the role" in refused.err
    found = graded.json(
        "sbom", "review", SBOM, "--incomplete", "--note", "The RTOS lacks its parts",
        "--as", "psirt-2",
    )  # fmt: skip
    assert (found["complete"], found["reviewed_by"], len(found["meets"])) == (False, "psirt-2", 1)
    [row] = graded.json("sbom", "ls", "--product", PUMP)
    assert (row["due"], row["complete"]) == ([], False)
    assert "The RTOS lacks its parts" in graded("sbom", "reviews").out

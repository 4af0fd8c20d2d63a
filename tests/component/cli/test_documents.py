"""Documents and the catalogue through the command line: submit, import, list, show, review."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.acts.plot import DOCUMENTS, GATEWAY, OPENSSL, PUMP, ZLIB
from tests.component.cli.conftest import DEVICES
from tests.component.cli.machine import Machine, until

UNHEARD_OF = "CVE-2022-99999"

pytestmark = [pytest.mark.stack, pytest.mark.slow]


def test_a_dry_run_says_what_would_become_of_a_document_and_publishes_nothing(
    machine: Machine, tmp_path: Path
) -> None:
    file = tmp_path / "advisory.json"
    file.write_text((DOCUMENTS / "06-advisory-zlib.json").read_text().replace(ZLIB, UNHEARD_OF))
    before = machine.json("submission", "ls", "--limit", "500")
    [told] = machine("submit", file, "--dry-run", "--as", "plm", "--json").json
    assert (told["status"], told["format"], told["dry_run"]) == ("published", "cve", True)
    table = machine("submit", file, "--dry-run", "--as", "plm")
    assert "dry run, nothing was sent: 1 published" in table.out
    assert machine.json("submission", "ls", "--limit", "500") == before


def test_many_files_show_progress_on_stderr_and_pure_json_on_stdout(
    machine: Machine, case: str
) -> None:
    said = machine.program("submit", DOCUMENTS, "--dry-run", "--as", "psirt-2", "--json")
    names = {answer["document"] for answer in said.json}
    assert case
    assert names == {file.name for file in DOCUMENTS.iterdir()}
    assert "submitting" in said.err
    assert "100%" in said.err


def test_a_document_that_was_submitted_before_is_unchanged(machine: Machine, case: str) -> None:
    assert case
    said = machine.program("submit", DOCUMENTS / "05-advisory-openssl.json", "--as", "plm")
    assert "1 unchanged" in said.out
    assert not said.err


def test_a_rejected_document_is_named_with_reason_and_mend_and_the_others_still_go(
    machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "a-broken.json").write_text('{"dataType": "CVE_RECORD"')
    advisory = json.loads((DOCUMENTS / "05-advisory-openssl.json").read_text())
    (tmp_path / "b-fine.json").write_text(json.dumps(advisory))
    said = machine.program("submit", tmp_path, "--as", "plm", "--json", status=1)
    broken, fine = said.json
    assert (broken["document"], broken["status"]) == ("a-broken.json", "rejected")
    assert fine["status"] in {"published", "unchanged"}
    assert "rejected: a-broken.json" in said.err
    assert "mend: " in said.err
    kept = machine.json("submission", "show", broken["id"])
    assert kept["status"] == "rejected"
    assert [fault["reason"] for fault in kept["faults"]] == [
        fault["reason"] for fault in broken["faults"]
    ]
    assert broken["id"] in machine("submission", "ls", "--status", "rejected").out
    assert "faults" in machine("submission", "show", broken["id"]).out


def test_a_bad_row_is_refused_with_the_field_that_is_wrong(
    machine: Machine, tmp_path: Path
) -> None:
    file = tmp_path / "sites.yaml"
    file.write_text("sites:\n  - site: nowhere\n    name: Nowhere\n    kind: castle\n")
    said = machine("site", "import", file, "--as", "plm", status=1)
    assert "/sites/0" in said.err
    assert "mend: " in said.err


@pytest.mark.parametrize(
    ("noun", "name", "fact"),
    [
        ("product", PUMP, "Larkfield Meridian infusion pump"),
        ("entity", "larkfield", "DE"),
        ("site", "hospital-lake", "consignee"),
    ],
)
def test_the_catalogue_is_listed_and_shown(
    machine: Machine, case: str, noun: str, name: str, fact: str
) -> None:
    assert case
    listed = machine(noun, "ls").out
    assert name in listed
    assert fact in listed
    assert fact in machine(noun, "show", name).out
    assert name in json.dumps(machine.json(noun, "show", name))
    absent = machine(noun, "show", "no/such thing", status=1)
    assert f"there is no {noun} no/such thing" in absent.err
    assert f"patchvigil {noun} ls" in absent.err


def test_devices_are_listed_by_product_and_site_and_shown(machine: Machine, case: str) -> None:
    assert case
    rows = machine.json("device", "ls")
    assert len(rows) == DEVICES
    some = machine.json("device", "ls", "--product", GATEWAY, "--site", "hospital-north")
    assert some
    assert {each["device"]["site"] for each in some} == {"hospital-north"}
    name = some[0]["device"]["device"]
    assert name in machine("device", "ls", "--product", GATEWAY).out
    assert machine.json("device", "show", name)["device"]["product"] == GATEWAY
    assert "patchvigil device ls" in machine("device", "show", "none", status=1).err


def test_unknown_verdicts_are_listed_with_their_reason(machine: Machine, case: str) -> None:
    assert case
    rows = machine.json("finding", "ls", "--verdict", "unknown", "--vulnerability", OPENSSL)
    assert [(each["version"], each["reason"]) for each in rows] == [("5.0.2", "unparsed_version")]
    assert "unparsed_version" in machine("finding", "ls", "--verdict", "unknown").out
    shown = machine("finding", "show", rows[0]["finding"])
    assert "evidence" in shown.out
    items = until(
        lambda: _on_openssl(machine, "unparsed_version"), "the unreadable version is listed"
    )
    assert [each["unsupported"] for each in items] == [False]
    assert "unparsed_version" in machine("case", "review").out


def test_the_end_of_a_components_support_is_listed_with_the_days_since_and_asked_about(
    machine: Machine, case: str
) -> None:
    rows = until(
        lambda: machine.json("finding", "ls", "--kind", "support", "--product", PUMP),
        "the finding on the pump's openssl",
    )
    assert [(each["component"], each["reason"]) for each in rows] == [("openssl", "support_over")]
    assert rows[0]["days_left"] < 0
    assert "support_over" in machine("finding", "ls", "--kind", "support").out
    assert str(rows[0]["days_left"]) in machine("finding", "show", rows[0]["finding"]).out
    assert "components whose support ends or is over" in machine("product", "show", PUMP).out
    assert machine.json("product", "show", PUMP)["support_ends"] == rows
    [listed] = until(lambda: _on_openssl(machine, "support_over"), "it is on the review list")
    assert (listed["unsupported"], listed["support_ends_on"]) == (
        True,
        rows[0]["support"]["ends_on"],
    )
    shown = until(
        lambda: _asking(machine.json("case", "show", case), "support.replacement"),
        "the case asks what replaces it",
    )
    unsupported = {each["product"]: each["unsupported"] for each in shown["scope"]}
    assert unsupported[PUMP]


def _on_openssl(machine: Machine, reason: str) -> list[dict[str, Any]]:
    items = machine.json("case", "review", "--reason", reason)["items"]
    return [each for each in items if each["component"] == "openssl"]


def _asking(case: dict[str, Any], question: str) -> dict[str, Any]:
    return case if question in {each["question"] for each in case["waiting"]} else {}


def test_a_vulnerability_is_shown_by_an_identifier_and_a_component_is_found(
    machine: Machine, case: str
) -> None:
    assert case
    shown = machine.json("vulnerability", "show", OPENSSL)
    assert OPENSSL in json.dumps(shown)
    assert OPENSSL in machine("vulnerability", "show", OPENSSL).out
    absent = machine("vulnerability", "show", "CVE-1999-0001", status=1)
    assert "check the spelling" in absent.err
    places = machine.json("where", "openssl")
    assert {each["product"] for each in places} == {PUMP, GATEWAY}
    assert "openssl" in machine("where", "openssl").out
    counted = until(
        lambda: [each for each in machine.json("where", "openssl@<4") if each["devices"]],
        "the tracker has read where devices are",
    )
    assert all(each["sites"] for each in counted)
    assert len(counted) <= len(places)
    beyond = machine.json("where", "openssl@>=99")
    assert {each["in_range"] for each in beyond} == {"unknown"}, "its SBOM states no version"
    assert "mend" in machine("where", "openssl@<", status=1).err
    assert machine.json("where", "no-such-component") == []


def test_an_original_is_written_to_a_file_byte_for_byte(
    machine: Machine, case: str, tmp_path: Path
) -> None:
    assert case
    sent = DOCUMENTS / "05-advisory-openssl.json"
    rows = machine.json("submission", "ls", "--limit", "500")
    name = next(row["id"] for row in rows if row["document"] == sent.name)
    machine("submission", "original", name, "--to", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == sent.read_bytes()
    nowhere = machine("submission", "original", name, "--to", tmp_path / "no" / "copy", status=2)
    assert "cannot be written" in nowhere.err


def test_a_contact_is_shown_to_who_may_see_it_and_erased_for_good(
    machine: Machine, tmp_path: Path
) -> None:
    file = tmp_path / "sites.yaml"
    file.write_text(
        "sites:\n  - {site: clinic-9, name: Clinic Nine, country: FR,"
        " contact: {name: Device manager, phone: '+33 1 0000'}}\n"
    )
    machine("site", "import", file, "--as", "plm")
    reference = machine.json("site", "show", "clinic-9")["contact"]
    assert "Device manager" in machine("contact", "show", reference, "--as", "psirt-2").out
    assert machine("contact", "show", reference, "--as", "plm", status=4).out == ""
    unsure = machine("contact", "erase", reference, "--as", "psirt-2", status=2)
    assert "say --yes" in unsure.err
    erased = machine("contact", "erase", reference, "--yes", "--as", "psirt-2", "--json").json
    assert erased == {"reference": reference, "originals": 1}
    assert (
        "there is no contact"
        in machine("contact", "show", reference, "--as", "psirt-2", status=1).err
    )

"""`patchvigil match`: an SBOM against advisory files, with no service running."""

import gzip
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.cli.main import commands
from services.cli.one_shot import report
from tests.component.intake import documents

Run = Callable[..., Result]

CALC = {"type": "library", "name": "drugcalc", "version": "1.4", "purl": "pkg:pypi/drug-calc@1.4"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `match` over the files below a folder, with a cache of its own."""
    monkeypatch.setenv("PATCHVIGIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    bom = documents.sbom("infusor", "2.0") | {"components": [CALC]}
    Path("sbom.json").write_text(json.dumps(bom))
    Path("advisories").mkdir()

    def called(*more: str, advisories: str = "advisories") -> Result:
        arguments = ["match", "--sbom", "sbom.json", "--advisories", advisories, *more]
        return CliRunner().invoke(commands, arguments)

    return called


def write(name: str, document: object) -> None:
    Path("advisories", name).write_text(json.dumps(document))


def scored(record: dict[str, Any], base: float) -> dict[str, Any]:
    score = {"version": "3.1", "vectorString": "CVSS:3.1/AV:N", "baseScore": base}
    record["containers"]["cna"]["metrics"] = [{"cvssV3_1": score}]
    record["containers"]["cna"]["affected"][0] |= {
        "packageName": "drug-calc", "collectionURL": "https://pypi.org",
    }  # fmt: skip
    return record


def rows(result: Result) -> list[dict[str, Any]]:
    return list(json.loads(result.stdout))


def test_a_cve_and_an_osv_record_of_one_vulnerability_are_one_result(run: Run) -> None:
    write("osv.json", documents.osv("PYSEC-2026-1"))
    found = run("--json")
    [row] = rows(found)
    assert (row["vulnerability"], row["aliases"]) == ("CVE-2026-77", ["PYSEC-2026-1"])
    assert (row["component"], row["version"], row["verdict"]) == ("drugcalc", "1.4", "affected")
    assert (row["matcher"], row["fixed_in"]) == ("purl", ["3.1"])
    assert row["evidence"][0]["advisory"] == "osv/PYSEC-2026-1"


@pytest.mark.parametrize(
    ("base", "status"), [(None, 11), (2.0, 12), (5.5, 13), (8.8, 14), (9.8, 15)]
)
def test_the_exit_status_says_how_severe_the_worst_is(
    run: Run, base: float | None, status: int
) -> None:
    record = scored(documents.cve(7007), base or 0)
    if base is None:
        del record["containers"]["cna"]["metrics"]
    write("cve.json", record)
    assert run().exit_code == status
    assert run("--fail-on", "critical").exit_code == (15 if status == 15 else 0)


def test_several_paths_may_follow_as_a_pattern_writes_them(run: Run) -> None:
    write("a.json", scored(documents.cve(7007), 8.8))
    write("b.json", documents.osv("PYSEC-2026-1"))
    found = run("advisories/b.json", "--json", advisories="advisories/a.json")
    assert {row["vulnerability"] for row in rows(found)} == {"CVE-2026-7007", "CVE-2026-77"}


def test_nothing_found_is_said_and_exits_0(run: Run) -> None:
    write("cve.json", documents.csaf("EX-1"))
    found = run()
    assert found.exit_code == 0
    assert "1 components, 1 advisory records: nothing bears on them" in found.stdout


def test_an_sbom_in_which_nothing_can_be_met_is_unknown_and_never_clean(run: Run) -> None:
    bom = documents.sbom("infusor", "2.0") | {"components": [{"type": "file", "name": "blob"}]}
    Path("sbom.json").write_text(json.dumps(bom))
    write("osv.json", documents.osv("PYSEC-2026-1"))
    found = run("--json")
    assert [(row["verdict"], row["reason"]) for row in rows(found)] == [("unknown", "no_inventory")]
    assert found.exit_code == 10


def test_every_kind_of_file_is_read_and_a_bad_record_is_named_and_costs_no_other(
    run: Run,
) -> None:
    names = [f"PYSEC-2026-{n}" for n in range(6)]
    texts = [json.dumps(documents.osv(name) | {"aliases": []}) for name in names]
    folder = Path("advisories")
    (folder / "deep").mkdir()
    (folder / "deep" / "one.json").write_text(texts[0])
    (folder / "lines.jsonl").write_text(f"{texts[1]}\n{{\n")
    (folder / "packed.jsonl.xz").write_bytes(lzma.compress(f"{texts[2]}\n{texts[3]}".encode()))
    (folder / "packed.json.gz").write_bytes(gzip.compress(texts[4].encode()))
    (folder / "broken.json.xz").write_bytes(b"\xfd7zXZ\x00 no more")
    (folder / "read.me").write_text("not looked at")
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("inside/five.json", texts[5])
    found = run("--json")
    assert sorted(row["vulnerability"] for row in rows(found)) == names
    assert "2 advisory records could not be read" in found.stderr
    assert "lines.jsonl:2" in found.stderr
    assert "broken.json.xz: it cannot be read" in found.stderr
    assert "mend:" in found.stderr


def test_your_own_statement_outranks_the_advisory(run: Run) -> None:
    write("osv.json", documents.osv("PYSEC-2026-1"))
    statement = {
        "vulnerability": {"name": "CVE-2026-77"},
        "products": [{"@id": "pkg:pypi/drug-calc@1.4"}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
    }
    vex = {
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:vex:1", "author": "Example",
        "timestamp": documents.WHEN, "version": 1, "statements": [statement],
    }  # fmt: skip
    Path("vex.json").write_text(json.dumps(vex))
    found = run("--vex", "vex.json", "--json")
    [row] = rows(found)
    assert (row["verdict"], row["reason"]) == ("not_affected", statement["justification"])
    assert row["conflict"]
    assert found.exit_code == 0


def test_your_statement_on_a_part_counts_under_whatever_name_your_product_has(run: Run) -> None:
    write("osv.json", documents.osv("PYSEC-2026-1"))
    statement = {
        "vulnerability": {"name": "CVE-2026-77"},
        "products": [
            {"@id": "pkg:oci/app@1", "subcomponents": [{"@id": "pkg:pypi/drug-calc@1.4"}]}
        ],
        "status": "not_affected",
        "justification": "component_not_present",
    }
    vex = {
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:vex:2", "author": "Example",
        "statements": [statement],
    }  # fmt: skip
    Path("vex.json").write_text(json.dumps(vex))
    [row] = rows(run("--vex", "vex.json", "--json"))
    assert (row["verdict"], row["reason"]) == ("not_affected", "component_not_present")


def test_your_cyclonedx_vex_counts_as_openvex_does(run: Run) -> None:
    write("osv.json", documents.osv("PYSEC-2026-1"))
    vex = {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "vulnerabilities": [{
            "id": "CVE-2026-77", "affects": [{"ref": "pkg:pypi/drug-calc@1.4"}],
            "analysis": {"state": "not_affected", "justification": "code_not_reachable"},
        }],
    }  # fmt: skip
    Path("vex.json").write_text(json.dumps(vex))
    [row] = rows(run("--vex", "vex.json", "--json"))
    assert (row["verdict"], row["reason"]) == (
        "not_affected", "vulnerable_code_not_in_execute_path",
    )  # fmt: skip


def said_inside(ref: str, state: str) -> dict[str, Any]:
    return {
        "id": "CVE-2026-77", "analysis": {"state": state}, "affects": [{"ref": ref}],
        "ratings": [{"score": 9.8, "method": "CVSSv31", "vector": "CVSS:3.1/AV:N"}],
    }  # fmt: skip


def put_into_the_sbom(*vulnerabilities: dict[str, Any]) -> None:
    bom = json.loads(Path("sbom.json").read_text())
    bom["components"] = [CALC | {"bom-ref": "calc"}]
    bom["metadata"]["component"] |= {"bom-ref": "pump"}
    Path("sbom.json").write_text(json.dumps(bom | {"vulnerabilities": list(vulnerabilities)}))


def test_what_the_sbom_says_of_its_own_parts_is_its_suppliers_word(run: Run) -> None:
    write("osv.json", documents.osv("PYSEC-2026-1"))
    put_into_the_sbom(said_inside("calc", "not_affected"))
    [row] = rows(run("--json"))
    assert (row["verdict"], row["conflict"]) == ("affected", True)
    assert {each["verdict"] for each in row["evidence"]} == {"affected", "not_affected"}


def test_what_only_the_sbom_says_is_found(run: Run) -> None:
    write("cve.json", documents.cve(7007))
    put_into_the_sbom(said_inside("calc", "exploitable"), said_inside("pump", "in_triage"))
    found = rows(run("--json"))
    assert {(each["component"], each["verdict"]) for each in found} == {
        ("drugcalc", "affected"), (None, "unknown"),
    }  # fmt: skip
    assert run().exit_code == 15


def test_what_cannot_be_read_of_what_the_sbom_says_is_named(run: Run) -> None:
    write("osv.json", documents.osv("PYSEC-2026-1"))
    put_into_the_sbom(said_inside("nowhere", "exploitable"))
    found = run("--json")
    assert [row["component"] for row in rows(found)] == ["drugcalc"]
    assert "/vulnerabilities/0/affects/0/ref" in found.stderr


def test_a_listed_exploitation_shows(run: Run) -> None:
    write("osv.json", documents.osv("PYSEC-2026-1") | {"aliases": ["CVE-2026-7007"]})
    write("kev.json", documents.kev(7007))
    assert [row["exploited"] for row in rows(run("--json"))] == [True]


def test_the_index_is_kept_and_made_anew_when_a_file_changes(run: Run, tmp_path: Path) -> None:
    write("osv.json", documents.osv("PYSEC-2026-1"))
    run()
    [first] = (tmp_path / "cache").iterdir()
    run()
    assert list((tmp_path / "cache").iterdir()) == [first]
    write("more.json", documents.osv("PYSEC-2026-2") | {"aliases": []})
    assert {row["vulnerability"] for row in rows(run("--json"))} == {"CVE-2026-77", "PYSEC-2026-2"}


def test_sarif_names_rule_component_and_level(run: Run) -> None:
    write("cve.json", scored(documents.cve(7007), 9.8))
    [told] = json.loads(run("--sarif").stdout)["runs"]
    [result] = told["results"]
    assert (result["ruleId"], result["level"]) == ("CVE-2026-7007", "error")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "sbom.json"
    [rule] = told["tool"]["driver"]["rules"]
    assert rule["properties"]["security-severity"] == "9.8"


def test_sarif_has_what_code_scanning_asks_for(run: Run) -> None:
    write("cve.json", scored(documents.cve(7007), 9.8))
    [told] = json.loads(run("--sarif").stdout)["runs"]
    [rule], [result] = told["tool"]["driver"]["rules"], told["results"]
    assert rule["fullDescription"]["text"]
    assert rule["help"]["text"]
    [place] = result["locations"]
    assert place["physicalLocation"]["region"] == {"startLine": 1}


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (Path("out/bom.json"), "out/bom.json"),
        (Path("a b/bom.json"), "a%20b/bom.json"),
        (Path("/srv/a b.json"), "file:///srv/a%20b.json"),
    ],
)
def test_a_path_is_written_as_a_uri(path: Path, uri: str) -> None:
    assert report.uri_of(path) == uri


@pytest.mark.parametrize("text", ["{", "[]", '{"bomFormat": "CycloneDX", "specVersion": "1.5"}'])
def test_a_bad_sbom_is_refused_with_its_reason_and_mend(run: Run, text: str) -> None:
    Path("sbom.json").write_text(text)
    found = run()
    assert found.exit_code == 1
    assert "sbom.json" in found.stderr
    assert "mend:" in found.stderr


def test_an_sbom_beyond_the_limit_is_refused_without_being_read(run: Run) -> None:
    with Path("sbom.json").open("wb") as file:
        file.truncate(10**12)  # no byte of it is on the disk, and none of it fits the memory
    found = run()
    assert (found.exit_code, "1000000000000 bytes; the limit is" in found.stderr) == (1, True)


@pytest.mark.parametrize("text", [None, "{"])
def test_without_a_readable_advisory_there_is_no_answer(run: Run, text: str | None) -> None:
    if text:
        Path("advisories", "broken.json").write_text(text)
    found = run("--json")
    assert (found.exit_code, found.stdout) == (1, "")
    assert "no advisory was read" in found.stderr


def test_an_advisory_is_no_sbom(run: Run) -> None:
    Path("sbom.json").write_text(json.dumps(documents.cve(1001)))
    found = run()
    assert found.exit_code == 1
    assert "is no SBOM" in found.stderr

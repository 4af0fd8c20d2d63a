"""Documents of every format through the running service, over HTTP and Kafka."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from schemas.advisories import AdvisoryPublished, AdvisoryWithdrawn, Status, TargetKind
from schemas.catalogue import EntityRegistered, ProductRegistered, ProductRetired, SiteRegistered
from schemas.devices import DeviceRegistered
from schemas.sboms import SbomRegistered
from schemas.signals import (
    ExploitationReported,
    ExploitationWithdrawn,
    IncidentReported,
    ReportReceived,
    SignalSource,
)
from schemas.submissions import SubmissionRejected
from tests.component.intake import documents
from tests.component.intake.conftest import SIGNER, Intake
from tests.component.intake.documents import encoded

pytestmark = pytest.mark.stack


async def test_a_cve_record_becomes_an_advisory_with_both_asserters(intake: Intake) -> None:
    answer = await intake.post(encoded(documents.cve(1001)), name="CVE-2026-1001.json")
    assert answer.status_code == 202, answer.text
    event = await intake.others.event(AdvisoryPublished, advisory="cve/CVE-2026-1001")
    claim = event.vulnerabilities[0].assertions[0]
    assert (claim.asserter, claim.status, claim.target.kind) == (
        "examplecna",
        Status.AFFECTED,
        TargetKind.NAME,
    )
    assert (claim.ranges[0].introduced, claim.ranges[0].fixed) == ("1.0", "2.0")
    original = await intake.get(f"/v1/originals/{event.original}")
    assert json.loads(original.content)["cveMetadata"]["cveId"] == "CVE-2026-1001"
    shown = (await intake.get(answer.headers["location"])).json()
    assert (shown["status"], shown["format"]) == ("published", "cve")


async def test_the_same_bytes_are_unchanged_and_the_same_content_too(intake: Intake) -> None:
    record = documents.cve(1002)
    first = await intake.post(encoded(record), name="a")
    again = await intake.post(encoded(record), name="a")
    reworded = await intake.post(json.dumps(record, indent=2), name="a")
    elsewhere = await intake.post(encoded(record), name="b", source="another-mirror")
    assert (first.status_code, again.status_code, reworded.status_code) == (202, 200, 200)
    assert again.json()["detail"].startswith("the same bytes")
    assert elsewhere.json()["status"] == "unchanged"
    assert len(await intake.others.events(AdvisoryPublished, advisory="cve/CVE-2026-1002")) == 1


async def test_an_older_record_never_replaces_a_newer_one(intake: Intake) -> None:
    await intake.post(
        encoded(documents.cve(1003, fixed="3.0", updated="2026-06-01T00:00:00Z")), name="n"
    )
    stale = await intake.post(
        encoded(documents.cve(1003, fixed="2.0", updated="2026-05-01T00:00:00Z")), name="m"
    )
    assert stale.json()["status"] == "superseded"
    event = await intake.others.event(AdvisoryPublished, advisory="cve/CVE-2026-1003")
    assert event.vulnerabilities[0].assertions[0].ranges[0].fixed == "3.0"


async def test_a_rejected_cve_and_a_withdrawn_osv_record_are_withdrawn(intake: Intake) -> None:
    await intake.post(encoded(documents.cve(1004)), name="w")
    later = "2026-07-01T00:00:00Z"
    await intake.post(encoded(documents.cve(1004, state="REJECTED", updated=later)), name="w")
    await intake.post(encoded(documents.osv("PYSEC-2026-4", withdrawn=later)), name="o")
    await intake.others.event(AdvisoryWithdrawn, advisory="cve/CVE-2026-1004")
    gone = await intake.others.event(AdvisoryWithdrawn, advisory="osv/PYSEC-2026-4")
    assert gone.withdrawn_at.isoformat() == "2026-07-01T00:00:00+00:00"


async def test_csaf_and_osv_records_become_advisories(intake: Intake) -> None:
    await intake.post(encoded(documents.csaf("EX-2026-1")), name="c")
    await intake.post(encoded(documents.osv("PYSEC-2026-5")), name="p")
    advisory = await intake.others.event(
        AdvisoryPublished, advisory="csaf/medical.example/EX-2026-1"
    )
    claim = advisory.vulnerabilities[0].assertions[0]
    assert (claim.target.vendor, claim.target.product) == ("Example Medical", "Infusor")
    assert (claim.ranges[0].introduced, claim.ranges[0].fixed) == ("2.0", "2.4")
    assert claim.remediation == "Install 2.4."
    osv = await intake.others.event(AdvisoryPublished, advisory="osv/PYSEC-2026-5")
    assert osv.vulnerabilities[0].assertions[0].target.purl == "pkg:pypi/drug-calc"
    assert osv.vulnerabilities[0].aliases == ("CVE-2026-77",)


async def test_exploitation_in_a_cve_record_is_a_signal_told_once(intake: Intake) -> None:
    active = documents.cve(1005, exploitation="Active")
    await intake.post(encoded(active), name="s")
    changed = documents.cve(
        1005, exploitation="active", fixed="2.1", updated="2026-05-05T00:00:00Z"
    )
    await intake.post(encoded(changed), name="s")
    await intake.others.events(AdvisoryPublished, at_least=2, advisory="cve/CVE-2026-1005")
    signals = await intake.others.events(ExploitationReported, identifier="CVE-2026-1005")
    assert [(s.source, s.backfill) for s in signals] == [(SignalSource.SSVC, False)]


async def test_a_catalogue_is_history_first_and_news_afterwards(intake: Intake) -> None:
    def load(*numbers: int, day: int) -> bytes:
        return encoded(documents.kev(*numbers, released=f"2026-05-{day:02}T00:00:00Z"))

    await intake.post(load(2001, 2002, day=10), name="kev", source="cisa-kev")
    second = await intake.post(load(2001, 2003, day=11), name="kev", source="cisa-kev")
    assert second.json()["counts"] == {"reported": 1, "withdrawn": 1}
    old = await intake.others.event(ExploitationReported, identifier="CVE-2026-2001")
    new = await intake.others.event(ExploitationReported, identifier="CVE-2026-2003")
    gone = await intake.others.event(ExploitationWithdrawn, identifier="CVE-2026-2002")
    assert (old.backfill, new.backfill, gone.signal) == (True, False, "kev/cisa-kev/CVE-2026-2002")
    stale = await intake.post(load(2001, 2002, day=9), name="kev-old")
    assert stale.json()["status"] == "superseded"
    cut = documents.kev(2001, released="2026-05-12T00:00:00Z") | {"count": 2}
    refused = await intake.post(encoded(cut), name="kev")
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/vulnerabilities")


async def test_an_sbom_waits_for_its_product_and_is_released_with_it(intake: Intake) -> None:
    waits = await intake.post(encoded(documents.sbom("Waiter", "1.0")), name="waiter.cdx.json")
    assert (waits.status_code, waits.json()["status"]) == (202, "waiting")
    again = await intake.post(encoded(documents.sbom("Waiter", "1.0")), name="waiter.cdx.json")
    assert again.json()["status"] == "unchanged"
    listed = (await intake.get("/v1/submissions", status="waiting")).json()["items"]
    assert waits.json()["id"] in {each["id"] for each in listed}
    early = await intake.post(documents.product("waiter", "0.9"), name="p1")
    assert early.status_code == 202, early.text
    assert (await intake.get(waits.headers["location"])).json()["status"] == "waiting"
    await intake.post(documents.product("waiter", "0.9", "1.0"), name="p1")
    assert (await intake.get(waits.headers["location"])).json()["status"] == "published"
    sbom = await intake.others.event(SbomRegistered, product="waiter")
    assert (sbom.version, len(sbom.components), sbom.dependencies) == ("1.0", 2, (("c0", "c1"),))
    missed = (await intake.get("/v1/reconcile", who="admin")).json()
    assert missed == {"differences": []}


async def test_a_newer_sbom_replaces_the_one_that_waits(intake: Intake) -> None:
    first = await intake.post(encoded(documents.sbom("Twice", "1", 2)), name="twice")
    await intake.post(encoded(documents.sbom("Twice", "1", 3)), name="twice")
    assert (await intake.get(first.headers["location"])).json()["status"] == "superseded"
    await intake.post(documents.product("twice", "1"), name="p2")
    boms = await intake.others.events(SbomRegistered, product="twice")
    assert [len(each.components) for each in boms] == [3]


async def test_who_submits_may_say_which_product_an_sbom_describes(intake: Intake) -> None:
    await intake.post(documents.product("said", "7"), name="p3")
    answer = await intake.post(
        encoded(documents.sbom("REDACTED", "")), name="x", product="said", version="7"
    )
    assert answer.json()["status"] == "published", answer.text
    unnamed = await intake.post(encoded(documents.sbom("REDACTED", "")), name="y")
    assert (unnamed.status_code, unnamed.json()["pointer"]) == (422, "/metadata/component/version")


async def test_our_own_files_register_the_catalogue_whole_or_not_at_all(intake: Intake) -> None:
    file = """
entities:
  - {entity: acme-med, name: Acme Medical, country: DE, nis2: {DE: important}}
products:
  - product: pump
    name: Acme Pump
    entity: acme-med
    eu: {regime: mdr, device_class: IIb}
    markets: [DE, "NO"]
    versions: [{version: 1.10, hardware: [A]}]
sites:
  - site: clinic-1
    name: Clinic One
    country: DE
    contact: {name: Biomedical desk, email: desk@clinic.example}
devices:
  - {device: d-1, product: pump, version: 1.10, site: clinic-1, market: DE, method: automatic}
"""
    answer = await intake.post(file, name="all.yaml")
    assert answer.json()["counts"] == {"published": 4}, answer.text
    product = await intake.others.event(ProductRegistered, product="pump")
    assert (product.versions[0].version, product.markets) == ("1.10", ("DE", "NO"))
    await intake.others.event(EntityRegistered, entity="acme-med")
    await intake.others.event(DeviceRegistered, device="d-1")
    site = await intake.others.event(SiteRegistered, site="clinic-1")
    assert site.contact is not None
    assert "desk@clinic.example" not in site.model_dump_json()
    bad = await intake.post(
        "device,product,version,market,method\nd-2,pump,1.10,DE,automatic\nd-3,pump,1.10,Germany,mail\n",
        name="devices.csv",
    )
    assert bad.status_code == 422
    assert [each["pointer"] for each in bad.json()["errors"]] == [
        "line 3, column market",
        "line 3, column method",
    ]
    devices = (await intake.get("/v1/devices", product="pump")).json()["items"]
    assert [each["device"]["device"] for each in devices] == ["d-1"]
    assert (await intake.get("/v1/products/pump")).json()["product"]["eu"]["device_class"] == "IIb"
    assert (await intake.get("/v1/devices/d-1")).json()["device"]["site"] == "clinic-1"
    assert (await intake.get("/v1/sites/clinic-1")).json()["contact"] == site.contact
    assert (await intake.get("/v1/entities/acme-med")).json()["country"] == "DE"
    for path in ("entities/none", "sites/none", "devices/no/thing"):
        absent = await intake.get(f"/v1/{path}")
        assert absent.status_code == 404
        assert f"GET /v1/{path.partition('/')[0]}" in absent.json()["mend"]
    retired = "products: [{product: pump, name: Acme Pump, entity: acme-med, retired: true}]"
    await intake.post(retired, name="retire.yaml")
    assert (await intake.others.event(ProductRetired)).last.product == "pump"


async def test_personal_data_is_erased_with_the_originals_that_hold_it(intake: Intake) -> None:
    file = (
        "sites:\n  - {site: clinic-9, name: Clinic Nine, country: FR,"
        " contact: {name: Device manager, phone: '+33 1 0000'}}\n"
    )
    await intake.post(file, name="site9.yaml")
    site = await intake.others.event(SiteRegistered, site="clinic-9")
    path = f"/v1/contacts/{site.contact}"
    assert (await intake.get(path)).json()["name"] == "Device manager"
    assert (await intake.get(path, who="integration")).status_code == 403
    submission = await intake.fate("site9.yaml")
    original = f"/v1/originals/{submission['digest']}"
    assert b"Device manager" in (await intake.get(original)).content
    erased = await intake.client.delete(path, headers=intake.world.headers("psirt"))
    assert erased.json()["originals"] == 1
    assert (await intake.get(path)).status_code == 404
    assert (await intake.get(original)).status_code == 410


async def test_a_device_file_waits_whole_for_its_product(intake: Intake) -> None:
    waits = await intake.post(
        "device,product,version,market,method\nl-1,late,1,DE,manual\nl-2,late,1,DE,manual\n",
        name="late.csv",
    )
    assert waits.json()["status"] == "waiting"
    await intake.post(documents.product("late", "1"), name="p-late")
    assert (await intake.get(waits.headers["location"])).json()["status"] == "published"
    assert len(await intake.others.events(DeviceRegistered, at_least=2, product="late")) == 2


async def test_reports_are_told_once_with_what_they_say_of_exploitation(intake: Intake) -> None:
    file = {
        "reports": [
            {
                "report": "r-1",
                "kind": "customer",
                "title": "Gateway attacked",
                "identifiers": ["CVE-2026-3001"],
                "product": "gateway",
                "site": "clinic-1",
                "exploited": True,
                "received_at": "2026-05-01T08:00:00Z",
                "reporter": {"name": "Security officer", "email": "so@clinic.example"},
            }
        ],
        "incidents": [
            {
                "report": "i-1",
                "title": "Pump stopped",
                "product": "pump",
                "harm": "serious",
                "country": "DE",
            }
        ],
    }
    answer = await intake.post(encoded(file), name="reports.json", who="psirt")
    assert answer.status_code == 202, answer.text
    report = await intake.others.event(ReportReceived, report="r-1")
    assert report.reporter
    assert "so@clinic" not in report.model_dump_json()
    await intake.others.event(IncidentReported, report="i-1")
    assert (report.exploited, report.product, report.site) == (True, "gateway", "clinic-1")
    await intake.post(encoded(documents.cve(3001, exploitation="active")), name="record")
    signals = await intake.others.events(ExploitationReported, identifier="CVE-2026-3001")
    assert [each.source for each in signals] == [SignalSource.SSVC], "a report is no second signal"
    future = {
        "reports": [
            {"report": "r-2", "kind": "scan", "title": "t", "occurred_at": "2999-01-01T00:00:00Z"}
        ]
    }
    refused = await intake.post(encoded(future), name="future.json")
    assert refused.json()["pointer"] == "/reports/0/occurred_at"


async def test_a_statement_on_our_product_is_a_persons_and_names_that_person(
    intake: Intake,
) -> None:
    vex = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "urn:x:1",
        "author": "Example PSIRT",
        "timestamp": documents.WHEN,
        "version": 1,
        "patchvigil:expires_at": "2999-01-01T00:00:00Z",
        "statements": [
            {
                "vulnerability": {"name": "CVE-2026-1001"},
                "status": "not_affected",
                "justification": "vulnerable_code_not_in_execute_path",
                "products": [
                    {
                        "@id": "urn:patchvigil:product:pump@1.10",
                        "subcomponents": [{"@id": "pkg:pypi/lib0"}],
                    }
                ],
            }
        ],
    }
    machine = await intake.post(encoded(vex), name="vex")
    assert (machine.status_code, machine.json()["type"]) == (
        422,
        "urn:patchvigil:problem:person-needed",
    )
    person = await intake.post(encoded(vex), name="vex", who="psirt")
    assert person.status_code == 202, person.text
    claim = (
        (await intake.others.event(AdvisoryPublished, advisory="openvex/urn:x:1"))
        .vulnerabilities[0]
        .assertions[0]
    )
    assert (claim.author, claim.product, claim.product_version, claim.target.purl) == (
        "psirt",
        "pump",
        "1.10",
        "pkg:pypi/lib0",
    )
    assert claim.expires_at
    assert claim.expires_at.year == 2999


async def test_a_suppliers_cyclonedx_vex_is_published_as_an_advisory(intake: Intake) -> None:
    vex: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "metadata": {"timestamp": documents.WHEN, "supplier": {"name": "Example Supplier"}},
        "vulnerabilities": [
            {
                "id": "CVE-2026-1002",
                "analysis": {"state": "not_affected", "justification": "code_not_present"},
                "affects": [{"ref": "pkg:pypi/lib1@1.0"}],
            }
        ],
    }
    answer = await intake.post(encoded(vex), name="supplier-vex")
    assert answer.status_code == 202, answer.text
    told = await intake.others.event(AdvisoryPublished, advisory=f"cyclonedx/{vex['serialNumber']}")
    (claim,) = told.vulnerabilities[0].assertions
    assert (claim.asserter, claim.status, claim.author) == (
        "Example Supplier",
        "not_affected",
        None,
    )
    ours = {"affects": [{"ref": "urn:patchvigil:product:pump@1.10#pkg:pypi/lib1@1.0"}]}
    vex["vulnerabilities"] = [{**vex["vulnerabilities"][0], **ours}]
    machine = await intake.post(encoded(vex), name="our-vex")
    assert machine.json()["type"] == "urn:patchvigil:problem:person-needed"


async def test_a_suppliers_vex_that_a_person_hands_on_is_the_suppliers_word(intake: Intake) -> None:
    vex = encoded(
        {
            "@context": "https://openvex.dev/ns/v0.2.0",
            "@id": "urn:x:theirs",
            "author": "Example Supplier",
            "timestamp": documents.WHEN,
            "version": 1,
            "statements": [
                {
                    "vulnerability": {"name": "CVE-2026-1005"},
                    "status": "not_affected",
                    "justification": "component_not_present",
                    "products": [{"@id": "pkg:pypi/lib1@1.0"}],
                }
            ],
        }
    )
    authors = []
    for more in ({}, {"theirs": True}, {"theirs": True}, {}):
        answer = await intake.post(vex, name="on-hand", who="psirt", **more)
        authors.append(answer.json()["status"])
    assert authors == ["published", "published", "unchanged", "published"]
    told = await intake.others.events(
        AdvisoryPublished, at_least=3, advisory="openvex/urn:x:theirs"
    )
    said = [(each.vulnerabilities[0].assertions[0].author, each.publisher) for each in told]
    assert said == [
        ("psirt", "Example Supplier"),
        (None, "Example Supplier"),
        ("psirt", "Example Supplier"),
    ]


async def test_a_person_may_name_our_product_as_others_do_and_is_told_what_names_none(
    intake: Intake,
) -> None:
    await intake.post(documents.product("infuser", "3.0"), name="infuser")

    def vex(name: str, product: str) -> bytes:
        return encoded(
            {
                "@context": "https://openvex.dev/ns/v0.2.0",
                "@id": name,
                "author": "Example PSIRT",
                "timestamp": documents.WHEN,
                "version": 1,
                "statements": [
                    {
                        "vulnerability": {"name": "CVE-2026-1001"},
                        "status": "not_affected",
                        "justification": "component_not_present",
                        "products": [{"@id": product}],
                    }
                ],
            }
        )

    ours = await intake.post(vex("urn:x:2", "pkg:generic/infuser@3.0"), name="v2", who="psirt")
    assert "names" not in ours.json()["detail"]
    told = await intake.others.event(AdvisoryPublished, advisory="openvex/urn:x:2")
    (claim,) = told.vulnerabilities[0].assertions
    assert (claim.author, claim.product, claim.product_version) == ("psirt", "infuser", "3.0")
    other = await intake.post(vex("urn:x:3", "pkg:generic/infusr@3.0"), name="v3", who="psirt")
    assert (other.status_code, other.json()["status"]) == (202, "published")
    assert "is no product of the catalogue" in other.json()["detail"]
    assert "urn:patchvigil:product:<id>@<version>" in other.json()["detail"]


async def test_what_an_sbom_says_of_vulnerabilities_is_its_suppliers_word_on_its_product(
    intake: Intake,
) -> None:
    await intake.post(documents.product("infuser", "3.0"), name="infuser")
    bom = documents.sbom("infuser", "3.0")
    bom["metadata"]["supplier"] = {"name": "Example Supplier"}
    said = {
        "id": "CVE-2026-1003",
        "analysis": {"state": "not_affected", "justification": "code_not_present"},
        "affects": [{"ref": "c1"}],
    }
    unread = {"id": "CVE-2026-1004", "affects": [{"ref": "nowhere"}]}
    answer = await intake.post(
        encoded({**bom, "vulnerabilities": [said, unread]}), name="infuser-bom", who="psirt"
    )
    assert answer.status_code == 202, answer.text
    assert [each["pointer"] for each in answer.json()["faults"]] == [
        "/vulnerabilities/1/affects/0/ref"
    ]
    registered = await intake.others.event(SbomRegistered, product="infuser")
    assert len(registered.components) == 2
    told = await intake.others.event(AdvisoryPublished, advisory="sbom/infuser@3.0")
    (claim,) = told.vulnerabilities[0].assertions
    assert (claim.asserter, claim.author) == ("Example Supplier", None)
    assert (claim.product, claim.product_version) == ("infuser", "3.0")
    later = await intake.post(encoded(bom), name="infuser-bom")
    assert "the same components" in later.json()["detail"]
    await intake.others.event(AdvisoryWithdrawn, advisory="sbom/infuser@3.0")


async def test_who_submits_anothers_advisory_does_not_state_it(intake: Intake) -> None:
    await intake.post(encoded(documents.cve(1009)), name="CVE-2026-1009", who="psirt")
    told = await intake.others.event(AdvisoryPublished, advisory="cve/CVE-2026-1009")
    assert {each.author for each in told.vulnerabilities[0].assertions} == {None}


async def test_a_collection_publishes_its_good_records_and_lists_the_bad(intake: Intake) -> None:
    lines = b"\n".join(encoded(documents.cve(4000 + n)) for n in range(20))
    broken = documents.cve(4100)
    broken["containers"]["cna"]["affected"] = "none"
    answer = await intake.post(lines + b"\n" + encoded(broken), name="many.jsonl", lane="bulk")
    body = answer.json()
    assert body["counts"] == {"published": 20, "rejected": 1}, answer.text
    assert body["faults"][0]["pointer"] == "line 21: /containers/cna/affected"
    array = encoded([documents.osv(f"PYSEC-2026-90{n}") for n in range(3)])
    assert (await intake.post(array, name="list")).json()["counts"] == {"published": 3}
    await intake.others.event(AdvisoryPublished, advisory="cve/CVE-2026-4019")


async def test_a_dry_run_says_what_would_happen_and_does_nothing(intake: Intake) -> None:
    record = encoded(documents.cve(1006))
    dry = await intake.post(record, name="dry", dry_run=True)
    assert (dry.status_code, dry.json()["status"], dry.json()["dry_run"]) == (
        200,
        "published",
        True,
    )
    real = await intake.post(record, name="dry")
    assert real.json()["status"] == "published"
    bad = await intake.post(b"{", name="dry-bad", dry_run=True)
    assert (bad.status_code, "location" in bad.headers) == (422, False)


async def test_signed_records_are_taken_and_unsigned_ones_are_refused(intake: Intake) -> None:
    record = encoded(documents.cve(1007))
    await intake.publish(record, "k-1")
    assert (await intake.fate("k-1"))["status"] == "published"
    await intake.publish(encoded(documents.cve(1008)), "k-2", signed=False)
    assert (await intake.fate("k-2"))["status"] == "rejected"
    rejection = await intake.others.event(SubmissionRejected, document="k-2")
    assert rejection.code == "unauthorised"
    assert (await intake.get(f"/v1/originals/{rejection.digest}")).status_code == 404
    await intake.publish(record, "k-1")
    again = await intake.fate("k-1", "unchanged")
    assert again["principal"] == SIGNER


async def test_the_bulk_topic_feeds_the_bulk_lane_as_history(intake: Intake) -> None:
    await intake.publish(
        encoded(documents.cve(1009, exploitation="active")), "k-3", "submissions.bulk"
    )
    signal = await intake.others.event(ExploitationReported, identifier="CVE-2026-1009")
    assert signal.backfill


async def test_bad_records_on_the_topic_are_rejected_and_stop_nothing(intake: Intake) -> None:
    bad = {
        "empty": b"",
        "not-json": b'{"a": ',
        "deep": b"[" * 500 + b"]" * 500,
        "binary": b"\x1f\x8b123",
        "latin": "caf\xe9: 1".encode("latin-1"),
        "spdx": b'{"spdxVersion": "SPDX-2.3"}',
        "xml": b"<bom xmlns='http://cyclonedx.org/schema/bom/1.4'/>",
        "rdf": b"<RDF xmlns='urn:rdf'><d xmlns='http://spdx.org/rdf/terms#'/></RDF>",
        "nul": b'{"dataType": "CVE_RECORD\\u0000"}',
        "unknown": b'{"hello": "world"}',
        "words": b"just some words",
        "number": b"12",
    }
    for name, value in bad.items():
        await intake.publish(value, f"bad-{name}")
    await intake.others.send("submissions", b"{}", "k", [("pv-principal", b"\xff\xfe"), ("x", b"")])
    await intake.publish(encoded(documents.cve(1010)), "after-bad")
    await intake.fate("after-bad")
    found = {e.document: e for e in await intake.others.events(SubmissionRejected)}
    codes = {name: found[f"bad-{name}"].code for name in bad if f"bad-{name}" in found}
    assert codes == {
        "empty": "empty",
        "not-json": "not_json",
        "deep": "too_deep",
        "binary": "packed",
        "latin": "not_utf8",
        "spdx": "no_components",
        "xml": "no_components",
        "rdf": "format_later",
        "nul": "nul",
        "unknown": "unknown_format",
        "words": "unknown_format",
        "number": "unknown_format",
    }
    assert all(event.mend for event in found.values())


async def test_too_large_a_body_is_refused_before_it_is_read(intake: Intake) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(60):
            yield b" " * 1024 * 1024
            await asyncio.sleep(0)

    answer = await intake.client.post(
        "/v1/submissions", content=endless(), headers=intake.world.headers("integration")
    )
    assert answer.status_code == 413


async def test_submitting_needs_the_role(intake: Intake) -> None:
    assert (await intake.post(b"{}", who="auditor")).status_code == 403
    assert (await intake.client.post("/v1/submissions", content=b"{}")).status_code == 401

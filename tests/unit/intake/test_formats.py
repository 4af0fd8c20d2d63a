"""What the parsers make of the traps in real documents; the documents are made for the tests."""

import json
from typing import Any

import pytest

from schemas.advisories import Assertion, Range, Status, TargetKind
from schemas.signals import SignalSource
from services.intake.formats import cpes, cve, openvex, osv, purls, sniff
from services.intake.formats.canonical import Advisories, Register, Sbom
from services.intake.formats.error import FormatError
from tests.component.intake import documents


def claims(*versions: dict[str, Any], **entry: Any) -> tuple[Assertion, ...]:
    """The assertions of a CVE record's one affected entry."""
    record = documents.cve(1234)
    record["containers"]["cna"]["affected"] = [
        {"vendor": "v", "product": "p", "versions": list(versions), **entry}
    ]
    return cve.parse(record).vulnerabilities[0].assertions


def test_a_degenerate_range_means_everything_below_its_bound() -> None:
    (claim,) = claims({"version": "5.6", "lessThan": "5.6", "status": "affected"})
    assert claim.ranges == (Range(fixed="5.6"),)


def test_operators_inside_a_version_are_read() -> None:
    (claim,) = claims({"version": ">= 4.0.0, <= 4.1.0", "status": "affected"})
    assert claim.ranges == (Range(introduced="4.0.0", last_affected="4.1.0"),)


def test_single_versions_are_gathered_and_statuses_kept_apart() -> None:
    found = claims(
        {"version": "1.0", "status": "affected"}, {"version": "1.1", "status": "affected"},
        {"version": "1.2", "status": "unaffected"}, defaultStatus="unknown",
    )  # fmt: skip
    assert [(c.status, c.ranges, c.default_status) for c in found] == [
        (Status.AFFECTED, (Range(exact=("1.0", "1.1")),), None),
        (Status.NOT_AFFECTED, (Range(exact=("1.2",)),), None),
    ]


def test_changes_split_a_range_by_status() -> None:
    found = claims({
        "version": "2.0", "lessThan": "3.0", "status": "affected", "versionType": "custom",
        "changes": [{"at": "2.5", "status": "unaffected"}],
    })  # fmt: skip
    assert {c.status: c.ranges for c in found} == {
        Status.AFFECTED: (Range(introduced="2.0", fixed="2.5"),),
        Status.NOT_AFFECTED: (Range(introduced="2.5", fixed="3.0"),),
    }


def test_a_series_as_upper_bound_ends_before_the_next_one() -> None:
    (claim,) = claims({"version": "5.15.8", "lessThanOrEqual": "5.15.*", "status": "unaffected"})
    assert claim.ranges == (Range(introduced="5.15.8", fixed="5.16"),)


@pytest.mark.parametrize("version", ["n/a", "unspecified", "A release of spring"])
def test_a_product_without_readable_versions_is_unknown_never_silent(version: str) -> None:
    (claim,) = claims({"version": version, "status": "affected"})
    assert claim.ranges[0].unparsed == version


def test_an_entry_without_versions_takes_its_default_status() -> None:
    (claim,) = claims(defaultStatus="affected")
    assert (claim.status, claim.ranges) == (Status.AFFECTED, ())
    (unknown,) = claims(defaultStatus="unknown")
    assert unknown.ranges[0].unparsed is not None


def test_commits_give_way_to_releases_of_the_same_product() -> None:
    record = documents.cve(1234)
    git = {"version": "abc", "lessThan": "def", "status": "affected", "versionType": "git"}
    semver = {"version": "4.4", "status": "affected"}
    record["containers"]["cna"]["affected"] = [
        {"vendor": "v", "product": "p", "versions": [git]},
        {"vendor": "v", "product": "p", "versions": [semver]},
    ]
    (claim,) = cve.parse(record).vulnerabilities[0].assertions
    assert claim.ranges == (Range(exact=("4.4",)),)
    (alone,) = claims(git)
    assert alone.ranges[0].reason == "git commits have no order"


def test_containers_are_asserters_of_their_own_and_ssvc_and_kev_are_evidence() -> None:
    record = documents.cve(1234, exploitation="Active")
    adp = record["containers"]["adp"][0]
    adp["affected"] = [{
        "vendor": "v", "product": "p", "cpes": ["cpe:2.3:a:v:p:5.64:*:*:*:*:*:*:*"],
        "versions": [{"version": "5.64", "status": "affected"}],
    }]  # fmt: skip
    adp["metrics"].append({"other": {"type": "kev", "content": {"dateAdded": "2026-05-01"}}})
    statement = cve.parse(record)
    found = {(c.asserter, c.target.kind) for c in statement.vulnerabilities[0].assertions}
    assert found == {
        ("examplecna", TargetKind.NAME), ("adp:CISA-ADP", TargetKind.CPE),
        ("adp:CISA-ADP", TargetKind.NAME),
    }  # fmt: skip
    assert [(e.source, e.signal) for e in statement.evidence] == [
        (SignalSource.SSVC, "ssvc/CISA-ADP/CVE-2026-1234"),
        (SignalSource.KEV, "kev/cisa-kev/CVE-2026-1234"),
    ]


def test_a_package_in_a_known_registry_has_a_purl() -> None:
    found = claims(
        {"version": "1", "status": "affected"},
        collectionURL="https://repo.maven.apache.org/maven2",
        packageName="org.x:y",
    )
    assert found[0].target.purl == "pkg:maven/org.x/y"
    assert purls.from_collection("https://github.com/x/y", "y") is None


def test_purl_versions_and_scopes_are_told_apart() -> None:
    assert purls.unversioned("pkg:npm/%40a/b@1.0?x=y") == "pkg:npm/%40a/b"
    assert purls.version_of("pkg:npm/%40a/b@1.0") == "1.0"
    assert purls.unversioned("pkg:pypi/a") == "pkg:pypi/a"
    assert purls.version_of("pkg:pypi/a") is None


def test_cpe_uris_become_formatted_strings() -> None:
    assert cpes.converted("cpe:/a:v:p:1.0") == "cpe:2.3:a:v:p:1.0:*:*:*:*:*:*:*"
    assert cpes.converted("cpe:2.3:a:v") is None
    assert cpes.converted("p 1.0") is None


def test_osv_events_open_and_close_ranges() -> None:
    record = documents.osv("GO-1")
    record["affected"][0]["ranges"] = [
        {"type": "GIT", "repo": "https://example.org/r", "events": [{"introduced": "0"}]},
        {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2"}, {"introduced": "2.0"},
                                      {"last_affected": "2.4"}, {"introduced": "3.0"}]},
    ]  # fmt: skip
    (claim,) = osv.parse(record).vulnerabilities[0].assertions
    assert claim.ranges == (
        Range(fixed="1.2"), Range(introduced="2.0", last_affected="2.4"), Range(introduced="3.0"),
    )  # fmt: skip
    record["affected"][0]["ranges"] = record["affected"][0]["ranges"][:1]
    (commits,) = osv.parse(record).vulnerabilities[0].assertions
    assert commits.ranges[0].reason == "git commits have no order"


def test_csaf_reads_identifiers_relationships_and_vex_statuses() -> None:
    document = documents.csaf("X-2")
    tree = document["product_tree"]
    tree["full_product_names"] = [
        {"name": "Platform", "product_id": "PLAT"},
        {"name": "libx 1.0", "product_id": "LIB",
         "product_identification_helper": {"purl": "pkg:pypi/libx@1.0"}},
    ]  # fmt: skip
    tree["relationships"] = [{
        "category": "default_component_of", "product_reference": "LIB",
        "relates_to_product_reference": "PLAT",
        "full_product_name": {"name": "libx on Platform", "product_id": "BOTH"},
    }]  # fmt: skip
    document["vulnerabilities"][0]["product_status"] = {"known_not_affected": ["BOTH"]}
    document["vulnerabilities"][0]["flags"] = [
        {"label": "component_not_present", "product_ids": ["BOTH"]}
    ]
    read = sniff.read(json.dumps(document).encode())
    assert isinstance(read, Advisories)
    claim = read.statements[0].vulnerabilities[0].assertions[0]
    assert (claim.status, claim.target.purl, claim.ranges, claim.justification) == (
        Status.NOT_AFFECTED, "pkg:pypi/libx", (Range(exact=("1.0",)),), "component_not_present",
    )  # fmt: skip


def test_csaf_says_by_an_impact_why_a_product_is_not_affected_where_no_flag_does() -> None:
    document = documents.csaf("X-4")
    vulnerability = document["vulnerabilities"][0]
    vulnerability["product_status"] = {"known_not_affected": ["P1"]}
    vulnerability["threats"] = [
        {"category": "exploit_status", "details": "None known.", "product_ids": ["P1"]},
        {"category": "impact", "details": "The parser is not built in.", "product_ids": ["P1"]},
    ]
    read = sniff.read(json.dumps(document).encode())
    assert isinstance(read, Advisories)
    (claim, *_) = read.statements[0].vulnerabilities[0].assertions
    assert claim.justification == "The parser is not built in."


def test_a_product_id_outside_the_tree_is_pointed_at() -> None:
    document = documents.csaf("X-3")
    document["vulnerabilities"][0]["product_status"] = {"known_affected": ["P1", "P9"]}
    with pytest.raises(FormatError) as caught:
        sniff.read(json.dumps(document).encode())
    assert caught.value.faults[0].pointer == "/vulnerabilities/0/product_status/known_affected/1"


def test_an_sbom_is_flattened_with_the_fda_support_properties() -> None:
    bom = documents.sbom("pump", "1")
    bom["components"][0]["components"] = [{
        "type": "library", "name": "inner", "version": "2",
        "properties": [{"name": "Level of Support", "value": "Actively maintained"},
                       {"name": "End-of-Support", "value": "2030-01-31"}],
    }]  # fmt: skip
    bom["components"][1]["properties"] = [{"name": "End-of-Support", "value": "Unknown"}]
    read = sniff.read(json.dumps(bom).encode())
    assert isinstance(read, Sbom)
    inner = read.components[2]
    assert (inner.name, inner.support_level, str(inner.support_ends_on)) == (
        "inner", "Actively maintained", "2030-01-31",
    )  # fmt: skip
    assert read.components[1].support_ends_on is None
    assert len({each.ref for each in read.components}) == 3


@pytest.mark.parametrize(("more", "code"), [
    ({"services": [{"name": "api"}]}, "saasbom"), ({}, "no_components"),
])  # fmt: skip
def test_cyclonedx_documents_that_are_no_sbom_say_what_they_are(
    more: dict[str, Any], code: str
) -> None:
    bom = documents.sbom("pump", "1", 0) | {"components": []} | more
    with pytest.raises(FormatError) as caught:
        sniff.read(json.dumps(bom).encode())
    assert caught.value.faults[0].code == code


def test_a_violation_of_the_schema_is_pointed_at() -> None:
    bom = documents.sbom("pump", "1")
    bom["components"][1]["type"] = "gadget"
    with pytest.raises(FormatError) as caught:
        sniff.read(json.dumps(bom).encode())
    assert caught.value.faults[0].pointer == "/components/1/type"


def test_openvex_names_our_products_and_needs_a_justification() -> None:
    statement = {
        "vulnerability": {"name": "CVE-2026-1", "aliases": ["GHSA-1"]}, "status": "not_affected",
        "products": [{"@id": "urn:patchvigil:product:pump@1.0"}],
    }  # fmt: skip
    document = {"@context": "https://openvex.dev/ns", "@id": "u", "author": "a",
                "statements": [statement]}  # fmt: skip
    with pytest.raises(FormatError) as caught:
        openvex.parse(document)
    assert caught.value.faults[0].pointer == "/statements/0/justification"
    statement["justification"] = "component_not_present"
    (claim,) = openvex.parse(document).vulnerabilities[0].assertions
    assert (claim.product, claim.product_version) == ("pump", "1.0")
    assert claim.expires_at is None
    lapsing = openvex.parse(document | {"patchvigil:expires_at": "2027-01-01T00:00:00Z"})
    assert str(lapsing.vulnerabilities[0].assertions[0].expires_at)[:4] == "2027"


def test_a_suppliers_word_on_a_part_holds_inside_its_own_product_only() -> None:
    statement = {
        "vulnerability": {"name": "CVE-2026-1"}, "status": "fixed",
        "products": [{"@id": "pkg:oci/app@1.0", "subcomponents": [{"@id": "pkg:npm/a@2.0"}]}],
    }  # fmt: skip
    document = {"@id": "u", "author": "a", "statements": [statement]}
    (claim,) = openvex.parse(document).vulnerabilities[0].assertions
    ((platform,),) = claim.platforms
    assert (claim.target.purl, platform.target.purl) == ("pkg:npm/a", "pkg:oci/app")
    assert platform.ranges[0].exact == ("1.0",)


def test_yaml_versions_stay_text_and_norway_stays_a_country() -> None:
    read = sniff.read(
        b"devices:\n  - {device: d, product: p, version: 1.10, market: NO, method: manual}\n"
    )
    assert isinstance(read, Register)
    value = read.entries[0].value
    assert (getattr(value, "version"), getattr(value, "market")) == ("1.10", "NO")  # noqa: B009


LATE = documents.cve(1008, updated="2026-06-01T00:00:00Z")
ADP = documents.cve(1009)
ADP["containers"]["adp"][0]["providerMetadata"]["dateUpdated"] = "2026-06-01T00:00:00Z"


@pytest.mark.parametrize(("document", "places"), [
    (LATE, ["/cveMetadata/dateUpdated"]),
    (ADP, ["/containers/adp/0/providerMetadata/dateUpdated"]),
    (documents.osv("GHSA-1"), ["/modified"]),
    (documents.csaf("E-1"), ["/document/tracking/current_release_date"]),
    ([LATE, documents.osv("GHSA-1")], ["/0/cveMetadata/dateUpdated", "/1/modified"]),
])  # fmt: skip
def test_the_date_of_the_last_change_is_known_by_its_place(
    document: Any, places: list[str]
) -> None:
    found = sniff.read(documents.encoded(document))
    assert isinstance(found, Advisories)
    assert [each.modified_in for each in found.statements] == places


def test_commits_are_unread_as_commits_whatever_the_record_calls_them() -> None:
    for kind in ("git", "custom"):
        [claim] = claims({"version": "a28b2bfc099c", "lessThan": "fe2535a44904",
                          "status": "affected", "versionType": kind})  # fmt: skip
        assert [each.reason for each in claim.ranges] == ["git commits have no order"]
    [claim] = claims({"version": "1da177e4c3f4", "status": "affected", "versionType": "git"})
    assert [each.reason for each in claim.ranges] == ["git commits have no order"]


def test_tags_that_a_record_calls_git_have_the_order_of_versions() -> None:
    [claim] = claims({"version": "0", "lessThan": "5.6.4", "status": "affected",
                      "versionType": "git"})  # fmt: skip
    assert claim.ranges == (Range(fixed="5.6.4"),)


def test_words_for_the_first_version_leave_the_lower_bound_open() -> None:
    [claim] = claims({"version": "previous versions", "lessThan": "2.0", "status": "affected"})
    assert claim.ranges == (Range(fixed="2.0"),)


def test_a_lower_bound_that_says_the_same_as_the_upper_one_is_that_range() -> None:
    [claim] = claims({"version": "6.4.1 and below", "lessThanOrEqual": "<=6.4.1",
                      "status": "affected"})  # fmt: skip
    assert claim.ranges == (Range(last_affected="6.4.1"),)


def test_a_list_of_versions_resolves_a_range_of_commits() -> None:
    record = documents.osv("PYSEC-1")
    affected = record["affected"][0]
    affected["ranges"] = [{"type": "GIT", "repo": "https://example.org/r",
                           "events": [{"introduced": "0"}, {"fixed": "a28b2bfc099c"}]}]  # fmt: skip
    affected["versions"] = ["1.0", "1.1"]
    [claim] = osv.parse(record).vulnerabilities[0].assertions
    assert claim.ranges == (Range(exact=("1.0", "1.1")),)
    del affected["versions"]
    [claim] = osv.parse(record).vulnerabilities[0].assertions
    assert [each.reason for each in claim.ranges] == ["git commits have no order"]

"""What documents say a product is: marks, relationships, groups and applicability statements."""

from typing import Any

import pytest

from schemas.advisories import Assertion, Identifier, IdentifierKind, Range, TargetKind
from services.intake.formats import csaf, cve
from tests.component.intake import documents


def of_cve(*configurations: dict[str, Any]) -> tuple[Assertion, ...]:
    record = documents.cve(1234)
    record["containers"]["cna"] |= {"affected": [], "cpeApplicability": list(configurations)}
    return tuple(each for each in cve.parse(record).vulnerabilities[0].assertions)


def match(product: str, *, vulnerable: bool = True, part: str = "o", **bounds: str) -> Any:
    criteria = f"cpe:2.3:{part}:acme:{product}:*:*:*:*:*:*:*:*"
    return {"vulnerable": vulnerable, "criteria": criteria, **bounds}


def node(*matches: Any, operator: str = "OR", negate: bool = False) -> dict[str, Any]:
    return {"operator": operator, "negate": negate, "cpeMatch": list(matches)}


def test_a_vendors_any_product_is_kept_as_a_claim_on_that_vendor() -> None:
    [found] = of_cve({"nodes": [node(match("*"))]})
    assert (found.target.kind, found.target.cpe) == (
        TargetKind.CPE,
        "cpe:2.3:o:acme:*:*:*:*:*:*:*:*:*",
    )


def platforms(assertion: Assertion) -> list[list[str | None]]:
    return [[each.target.cpe for each in group] for group in assertion.platforms]


def test_each_vulnerable_match_of_an_or_is_a_claim_of_its_own() -> None:
    found = of_cve({"nodes": [node(match("a", versionEndExcluding="2"), match("b"))]})
    assert [each.ranges for each in found] == [(Range(fixed="2"),), ()]
    assert [each.platforms for each in found] == [(), ()]


def test_and_makes_the_other_node_a_condition() -> None:
    hardware = [match(name, vulnerable=False, part="h") for name in ("x", "y")]
    [found] = of_cve({"operator": "AND", "nodes": [node(match("fw")), node(*hardware)]})
    assert found.target.cpe == "cpe:2.3:o:acme:fw:*:*:*:*:*:*:*:*"
    assert platforms(found) == [
        ["cpe:2.3:h:acme:x:*:*:*:*:*:*:*:*", "cpe:2.3:h:acme:y:*:*:*:*:*:*:*:*"]
    ]


def test_an_and_node_requires_each_of_its_matches() -> None:
    inside = node(match("fw"), match("os", vulnerable=False), operator="AND")
    [found] = of_cve({"nodes": [inside]})
    assert platforms(found) == [["cpe:2.3:o:acme:os:*:*:*:*:*:*:*:*"]]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (
            {"versionStartExcluding": "1", "versionEndIncluding": "2"},
            Range(introduced="1", introduced_exclusive=True, last_affected="2"),
        ),
        ({"versionStartIncluding": "1"}, Range(introduced="1")),
    ],
)
def test_bounds_are_read_as_stated(bounds: dict[str, Any], expected: Range) -> None:
    [found] = of_cve({"nodes": [node(match("a", **bounds))]})
    assert found.ranges == (expected,)


def test_a_negated_node_is_left_to_a_person() -> None:
    [found] = of_cve({"nodes": [node(match("a"), negate=True)]})
    assert found.ranges[0].reason == "the configuration is negated"


def test_a_platform_alone_claims_nothing() -> None:
    assert of_cve({"nodes": [node(match("a", vulnerable=False))]}) == ()


def of_csaf(tree: dict[str, Any], **rest: Any) -> tuple[Assertion, ...]:
    document = documents.csaf("X-1") | {"product_tree": tree}
    document["vulnerabilities"] = [
        {"cve": "CVE-2026-0001", "product_status": {"known_affected": ["P"]}} | rest
    ]
    return tuple(each for each in csaf.parse(document).vulnerabilities[0].assertions)


def full(product: str, name: str, **helper: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"product_id": product, "name": name}
    return found | ({"product_identification_helper": helper} if helper else {})


def branch(category: str, name: str, *below: Any, product: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = {"category": category, "name": name}
    return found | ({"product": product} if product else {"branches": list(below)})


def vendor(*below: Any) -> dict[str, Any]:
    return branch("vendor", "Acme", *below)


def pump(product: dict[str, Any], version: str = "1.0") -> dict[str, Any]:
    return branch("product_name", "Pump", branch("product_version", version, product=product))


def test_the_helpers_marks_are_kept_with_the_spoken_name() -> None:
    helper = {
        "model_numbers": ["PX-100"], "serial_numbers": ["S1"], "skus": ["0815"],
        "hashes": [{"filename": "f", "file_hashes": [{"algorithm": "SHA256", "value": "AB"}]}],
        "x_generic_uris": [
            {"namespace": "https://id.gs1.org", "uri": "https://id.gs1.org/01/04012345678901"},
            {"namespace": "https://example.org", "uri": "https://example.org/p"},
        ],
    }  # fmt: skip
    [found] = of_csaf({"branches": [vendor(pump(full("P", "Pump", **helper)))]})
    assert {(each.kind, each.value) for each in found.target.identifiers} == {
        (IdentifierKind.MODEL_NUMBER, "PX-100"), (IdentifierKind.SERIAL_NUMBER, "S1"),
        (IdentifierKind.SKU, "0815"), (IdentifierKind.HASH, "sha256:ab"),
        (IdentifierKind.UDI_DI, "04012345678901"), (IdentifierKind.URI, "https://example.org/p"),
    }  # fmt: skip


def test_a_mark_of_a_million_signs_is_left_out() -> None:
    helper = {"model_numbers": ["9" * 1_000_000, "PX"]}
    [found] = of_csaf({"branches": [vendor(pump(full("P", "Pump", **helper)))]})
    assert found.target.identifiers == (Identifier(kind=IdentifierKind.MODEL_NUMBER, value="PX"),)


def related(category: str) -> dict[str, Any]:
    board = branch("product_name", "Board", product=full("B", "Board"))
    relation = {
        "category": category, "product_reference": "F", "relates_to_product_reference": "B",
        "full_product_name": full("P", "Pump on Board"),
    }  # fmt: skip
    return {"branches": [vendor(pump(full("F", "Pump")), board)], "relationships": [relation]}


@pytest.mark.parametrize("category", ["installed_on", "installed_with"])
def test_what_is_installed_on_a_product_is_meant_only_there(category: str) -> None:
    [found] = of_csaf(related(category))
    assert (found.target.product, found.ranges) == ("Pump", (Range(exact=("1.0",)),))
    assert [each.target.product for each in found.platforms[0]] == ["Board"]


@pytest.mark.parametrize(
    "category", ["default_component_of", "external_component_of", "optional_component_of"]
)
def test_a_component_of_a_product_is_meant_wherever_it_is(category: str) -> None:
    [found] = of_csaf(related(category))
    assert (found.target.product, found.platforms) == ("Pump", ())


def test_one_version_on_several_devices_is_one_claim_with_alternatives() -> None:
    tree = related("installed_on")
    tree["branches"][0]["branches"].append(
        branch("product_name", "Other", product=full("O", "Other"))
    )
    tree["relationships"].append({
        "category": "installed_on", "product_reference": "F", "relates_to_product_reference": "O",
        "full_product_name": full("Q", "Pump on Other"),
    })  # fmt: skip
    [found] = of_csaf(tree, product_status={"known_affected": ["P", "Q"]})
    assert [each.target.product for each in found.platforms[0]] == ["Board", "Other"]


def test_a_service_pack_is_part_of_the_version_above_it() -> None:
    pack = branch("service_pack", "SP2", product=full("P", "Pump"))
    tree = {"branches": [vendor(branch("product_name", "Pump",
                                       branch("product_version", "5.0", pack)))]}  # fmt: skip
    [found] = of_csaf(tree)
    assert found.ranges == (Range(exact=("5.0 SP2",)),)


def test_a_remedy_for_a_group_is_one_for_each_product_in_it() -> None:
    tree = {
        "branches": [vendor(pump(full("P", "Pump")))],
        "product_groups": [{"group_id": "G", "product_ids": ["P", "X"]}],
    }
    fix = {"category": "vendor_fix", "details": "Update.", "group_ids": ["G"]}
    [found] = of_csaf(tree, remediations=[fix])
    assert (found.remediation, found.target.kind) == ("Update.", TargetKind.NAME)


def test_platforms_in_words_are_kept_with_the_claim_and_decide_nothing() -> None:
    record = documents.cve(1234)
    record["containers"]["cna"]["affected"][0]["platforms"] = ["Windows", "x86", "Windows"]
    [found] = cve.parse(record).vulnerabilities[0].assertions
    assert found.stated_platforms == ("Windows", "x86")
    assert found.platforms == ()
    record["containers"]["cna"]["affected"][0]["platforms"] = [f"p{n}" * 500 for n in range(500)]
    [found] = cve.parse(record).vulnerabilities[0].assertions
    assert all(len(each) <= 200 for each in found.stated_platforms)
    assert len(found.stated_platforms) <= 40


def test_more_platforms_than_can_be_paired_stay_in_front_of_a_person() -> None:
    many = [match(f"p{n}") for n in range(400)]
    found = of_cve({"operator": "AND", "nodes": [node(*many, operator="AND")]})
    assert len(found) == len(many)
    assert {each.platforms for each in found} == {((),)}


def test_every_mark_of_a_long_list_is_kept() -> None:
    document = documents.csaf("X-1")
    branch = document["product_tree"]["branches"][0]
    while "product" not in branch:
        branch = branch["branches"][0]
    numbers = [f"M-{n}" for n in range(100)]
    branch["product"]["product_identification_helper"] = {"model_numbers": numbers}
    marks = {
        mark.value
        for each in csaf.parse(document).vulnerabilities[0].assertions
        for mark in each.target.identifiers
    }
    assert marks == set(numbers)


def test_a_remedy_speaks_of_products_by_their_group_and_the_best_of_several_counts() -> None:
    document = documents.csaf("X-1")
    [vulnerability] = document["vulnerabilities"]
    [first, *_] = vulnerability["product_status"]["known_affected"]
    document["product_tree"]["product_groups"] = [{"group_id": "g", "product_ids": [first]}]
    vulnerability["remediations"] = [
        {"category": "workaround", "details": "unplug it", "product_ids": [first]},
        {"category": "vendor_fix", "details": "update it", "group_ids": ["g"]},
    ]
    found = csaf.parse(document).vulnerabilities[0].assertions
    assert {each.remediation for each in found} == {"update it"}

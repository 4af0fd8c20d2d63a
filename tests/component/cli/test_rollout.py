"""A campaign through the command line: release, gates, evidence, waves, coverage, stop and go."""

import base64
import hashlib
from pathlib import Path

import pytest
import yaml

from deploy.demo.acts.plot import CAMPAIGN, GATEWAY, TARGET
from deploy.demo.fleet_reports import Reporter
from tests.component.cli.machine import Machine, until

pytestmark = [pytest.mark.stack, pytest.mark.slow]

IMAGE = hashlib.sha256(b"image of link-gateway 5.1.1").hexdigest()
RELEASE = "link-gateway-5.1.1"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the files that people write."""
    return tmp_path_factory.mktemp("papers")


@pytest.fixture(scope="module")
def measure(machine: Machine, case: str) -> str:
    """An approved patch of the gateway."""
    planned = machine(
        "case", "measure", "plan", case, "--kind", "patch", "--category", "A", "--title",
        "Link gateway 5.1.1", "--product", GATEWAY, "--target-version", TARGET,
        "--as", "psirt-2", "--json",
    ).json  # fmt: skip
    name = str(planned["measure"])
    own = ("case", "measure", "approve", case, name, "--ground", "Regression report on file")
    machine(*own, "--as", "psirt-2", status=4)
    machine(*own, "--as", "quality")
    return name


@pytest.fixture(scope="module")
def campaign(machine: Machine, case: str, measure: str, papers: Path) -> str:
    """A planned campaign: one wave of the automatic devices, one of the others."""
    signature = machine.cast.release_key.sign(IMAGE.encode())
    release = papers / "release.yaml"
    release.write_text(
        yaml.safe_dump(
            {
                "release": RELEASE, "product": GATEWAY, "version": TARGET, "digest": IMAGE,
                "signature": base64.b64encode(signature).decode(), "signed_by": "release-key",
            }
        )
    )  # fmt: skip
    machine("release", "publish", release, "--as", "operations")
    plan = papers / "campaign.yaml"
    plan.write_text(
        yaml.safe_dump(
            {
                "campaign": CAMPAIGN, "case": case, "measure": measure, "release": RELEASE,
                "product": GATEWAY, "from_versions": ["5.1.0"], "target_version": TARGET,
                "waves": [{"method": "automatic", "percent": 100}, {"percent": 100}],
            }
        )
    )  # fmt: skip
    until(lambda: _planned(machine, plan), "the measure reaches the tracker")
    return CAMPAIGN


def _planned(machine: Machine, plan: Path) -> bool:
    """Plan the campaign; the tracker learns of the measure a moment after it was planned."""
    said = machine("campaign", "create", plan, "--as", "operations", status=None)
    assert said.status == 0 or "is not known" in said.err, said.err
    return said.status == 0


@pytest.fixture(scope="module")
def rolling(machine: Machine, case: str, measure: str, campaign: str, papers: Path) -> str:
    """The campaign with its first wave started, after a refusal for want of evidence."""
    machine("campaign", "start", campaign, 1, "--as", "operations")
    until(lambda: _wave(machine, 1)["gates"], "the gates answer")
    refused = machine("campaign", "show", campaign)
    assert "what the gates said last" in refused.out
    assert "missing" in refused.out
    for gate in ("risk_file", "rollback_exercised", "release_signed"):
        proof = papers / f"{gate}.txt"
        proof.write_text(f"proof of {gate}")
        more = ("--release-digest", IMAGE) if gate == "release_signed" else ()
        machine(
            "case", "evidence", "add", case, "--gate", gate, "--measure", measure,
            "--reference", f"REF {gate}", "--file", proof, *more, "--as", "quality",
        )  # fmt: skip
    machine("campaign", "start", campaign, 1, "--as", "operations")
    until(lambda: _wave(machine, 1)["state"] == "started", "wave 1 starts")
    return campaign


def _wave(machine: Machine, number: int) -> dict[str, object]:
    wave: dict[str, object] = machine.json("campaign", "show", CAMPAIGN)["waves"][number - 1]
    return wave


def test_a_started_wave_is_listed_halted_with_a_reason_and_resumed(
    machine: Machine, rolling: str
) -> None:
    assert rolling in machine("campaign", "ls", "--state", "running").out
    listed = machine.json("campaign", "ls")
    assert [each["campaign"] for each in listed] == [rolling]
    halted = machine(
        "campaign", "halt", rolling, 1, "--reason", "A site asks", "--as", "operations"
    )
    assert "A site asks" in halted.out
    resume = ("campaign", "resume", rolling, 1, "--reason", "The site agrees")
    machine(*resume, "--as", "operations")
    until(lambda: _wave(machine, 1)["state"] == "started", "wave 1 goes on")
    again = machine(*resume, "--as", "operations", status=1)
    assert "wave 1 is started" in again.err
    assert "show the campaign" in again.err


def test_a_release_is_listed_and_shown_and_its_id_is_taken(
    machine: Machine, campaign: str, papers: Path
) -> None:
    assert campaign
    assert RELEASE in machine("release", "ls", "--product", GATEWAY).out
    assert machine.json("release", "ls", "--product", "nothing") == []
    assert machine.json("release", "show", RELEASE)["digest"] == IMAGE
    again = machine("release", "publish", papers / "release.yaml", "--as", "operations", status=1)
    assert "was published already" in again.err
    absent = machine("release", "show", "no-such-release", status=1)
    assert "patchvigil release ls" in absent.err


def test_a_key_that_signs_releases_is_registered_listed_and_revoked(machine: Machine) -> None:
    add = ("signer", "add", "key-7", "--public-key", machine.cast.release_public_key)
    machine(*add, "--ground", "Key ceremony 7", "--as", "quality")
    listed = {each["signer"]: each for each in machine.json("signer", "ls")}
    assert listed["key-7"]["revoked_at"] is None
    assert "key-7" in machine("signer", "ls").out
    again = machine(*add, "--ground", "Key ceremony 7", "--as", "quality", status=1)
    assert "was registered before" in again.err
    machine("signer", "revoke", "key-7", "--ground", "It leaked", "--as", "quality")
    assert {each["signer"]: each for each in machine.json("signer", "ls")}["key-7"]["revoked_at"]
    gone = machine("signer", "revoke", "key-7", "--ground", "Again", "--as", "quality", status=1)
    assert "patchvigil signer ls" in gone.err
    bad = ("signer", "add", "key-8", "--public-key", "c2hvcnQ=", "--ground", "Key ceremony 8")
    assert "/public_key" in machine(*bad, "--as", "quality", status=1).err


def test_the_devices_of_a_campaign_are_listed_by_where_they_stand(
    machine: Machine, rolling: str
) -> None:
    every = machine.json("campaign", "devices", rolling)
    some = machine.json("campaign", "devices", rolling, "--state", "not_offered")
    assert 0 < len(some) < len(every)
    assert {each["state"] for each in some} == {"not_offered"}
    assert every[0]["device"] in machine("campaign", "devices", rolling).out


def test_coverage_is_shown_with_its_definition_and_watched_until_a_share_is_verified(
    machine: Machine, rolling: str
) -> None:
    watch = ("coverage", "watch", rolling, "--json", "--every", "0.2", "--until", "0.3")
    with machine.begin(*watch) as watching:
        assert watching.stdout is not None
        first = watching.stdout.readline()
        gateways = machine.json("device", "ls", "--product", GATEWAY)
        automatic = [
            each["device"]["device"] for each in gateways if each["device"]["method"] == "automatic"
        ]
        reporter = Reporter.of(machine.running.stack, CAMPAIGN, TARGET)
        reporter.report(automatic, "verified")
        rest = watching.stdout.read()
        assert watching.wait(60) == 0
    assert '"covered": 0' in first
    assert rest.splitlines()
    found = machine.json("coverage", "show", rolling)
    assert found["overall"]["verified"] >= 0.3
    assert [part["part"] for part in found["parts"]] == ["automatic", "manual", "physical"]
    table = machine("coverage", "show", rolling, "--by", "wave")
    assert found["definition"] in table.out
    assert "all" in table.out


def test_revoked_evidence_and_an_unknown_campaign_are_told_by_name(
    machine: Machine, case: str, rolling: str
) -> None:
    assert rolling
    evidence = machine.json("case", "show", case)["evidence"][0]["evidence"]
    revoke = ("case", "evidence", "revoke", case, evidence, "--ground", "Wrong revision")
    assert machine(*revoke, "--as", "quality", "--json").json == {"id": evidence}
    absent = machine("campaign", "show", "no-such-campaign", status=1)
    assert "patchvigil campaign ls" in absent.err


def test_a_measure_becomes_available(machine: Machine, case: str, measure: str) -> None:
    said = machine(
        "case", "measure", "available", case, measure, "--ground", "Offered to every hospital",
        "--as", "psirt-2", "--json",
    ).json  # fmt: skip
    assert said["available_at"]


def test_a_campaign_file_that_is_not_yaml_is_refused_before_anything_is_sent(
    machine: Machine, papers: Path
) -> None:
    broken = papers / "broken.yaml"
    broken.write_text("campaign: [")
    said = machine("campaign", "create", broken, "--as", "operations", status=2)
    assert "is not YAML" in said.err
    empty = papers / "empty.yaml"
    empty.write_text("")
    assert "holds no fields" in machine("campaign", "create", empty, status=2).err

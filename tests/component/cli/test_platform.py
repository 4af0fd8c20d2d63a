"""The platform's side: status, doctor, tail, quarantine, topics, audit, reconcile, up and down."""

import json
import select
import subprocess
from pathlib import Path
from typing import get_args

import httpx
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from deploy.kafka.topics import admin_client
from schemas.topics import DEVICES, SERVICES
from services.cli import (
    alerts,
    audit,
    campaigns,
    case_page,
    cases,
    catalogue,
    clock_questions,
    clocks,
    drafts,
    findings,
    health,
    letters,
    packs,
    quarantine,
    releases,
    submissions,
    where,
    words,
)
from tests.component.cli.conftest import Started
from tests.component.cli.machine import Machine, until

pytestmark = [pytest.mark.stack, pytest.mark.slow]


def test_up_prints_where_each_service_is_and_keeps_its_own_talk_on_stderr(
    started: Started,
) -> None:
    told = json.loads(started.said.read_text())
    assert set(told["services"]) == set(SERVICES)
    assert "6 services ready" in started.said.with_suffix(".err").read_text()


def test_a_second_up_in_the_same_home_is_refused_with_its_mend(machine: Machine) -> None:
    said = machine.program("up", status=1)
    assert "already runs" in said.err
    assert "patchvigil down" in said.err


def test_status_is_ready_in_a_table_and_in_json(machine: Machine) -> None:
    until(lambda: machine("status", status=None).status == 0, "every service is ready")
    rows = machine.json("status")
    running = [*SERVICES, "deadline-clock-auditor"]
    assert {row["service"]: row["ready"] for row in rows} == dict.fromkeys(running, "ready")
    assert "deployment-tracker" in machine.program("status").out


def test_status_and_doctor_name_the_service_that_is_not_ready(machine: Machine) -> None:
    elsewhere = {"PATCHVIGIL_TRIAGE_URL": "http://127.0.0.1:9"}
    rows = machine("status", "--json", status=1, **elsewhere).json
    assert {row["service"]: row["ready"] for row in rows}["triage"] == "unreachable"
    checks = machine("doctor", "--json", status=1, **elsewhere).json
    [wrong] = [each for each in checks if each["check"] == "triage"]
    assert "unreachable" in wrong["result"]
    assert "patchvigil up" in wrong["mend"]


def _sound(machine: Machine) -> list[dict[str, str]]:
    """Give every check where all are ok; on a busy machine a service may answer late."""
    said = machine("doctor", "--json", status=None)
    return list(said.json) if said.status == 0 else []


def test_doctor_finds_nothing_wrong_with_a_sound_fleet(machine: Machine, case: str) -> None:
    assert case
    checks = until(lambda: _sound(machine), "the fleet is sound")
    names = {each["check"] for each in checks}
    assert names >= {"kafka topics and access rules", "triage audit chain", "on-call roster"}


def test_doctor_says_that_tokens_are_readable_by_others(machine: Machine) -> None:
    tokens = machine.home / "tokens.json"
    tokens.chmod(0o644)
    try:
        said = machine("doctor", status=1)
    finally:
        tokens.chmod(0o600)
    assert "other users can read the tokens" in said.out
    assert f"chmod 600 {tokens}" in said.out


def test_reconcile_finds_no_difference(machine: Machine, assessed: str) -> None:
    assert assessed
    until(lambda: machine("reconcile", status=None).status == 0, "what is in flight at rest")
    found = machine.json("reconcile")
    assert {each["service"]: each["differences"] for each in found} == {
        service: [] for service in SERVICES
    }
    assert "intake" in machine.program("reconcile").out


def test_every_audit_chain_is_intact(machine: Machine, case: str) -> None:
    assert case
    rows = machine.json("audit", "verify")
    assert {row["service"]: row["intact"] for row in rows} == dict.fromkeys(SERVICES, True)
    assert "head" in machine("audit", "verify", "--service", "intake").out


def test_tail_gives_each_record_as_a_line_that_fits_its_contract(
    machine: Machine, assessed: str
) -> None:
    said = machine.program("tail", "cases", "clocks", "--until-end", "--json")
    records = said.lines
    assert {each["topic"] for each in records} == {"cases", "clocks"}
    assert all(each["fits_contract"] for each in records)
    assert assessed in {each["key"] for each in records}


def test_tail_reads_as_any_kafka_user_what_that_user_may_read(machine: Machine) -> None:
    kafka = machine.running.stack.kafka
    as_integration = {
        "PATCHVIGIL_HOME": str(machine.home / "elsewhere"),
        "PATCHVIGIL_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "PATCHVIGIL_KAFKA_USER": "integration",
        "PATCHVIGIL_KAFKA_PASSWORD": kafka.passwords["integration"],
    }
    said = machine.program("tail", "catalogue", "--until-end", "--json", status=0, **as_integration)
    assert {each["topic"] for each in said.lines} == {"catalogue"}
    denied = machine.program("tail", "devices", "--until-end", status=4, **as_integration)
    assert "integration may not read it" in denied.err
    wrong = {**as_integration, "PATCHVIGIL_KAFKA_PASSWORD": "wrong"}
    refused = machine.program("tail", "catalogue", "--until-end", status=3, **wrong)
    assert refused.err.startswith("refused: Kafka at")


def test_tail_filters_by_type_key_and_case(machine: Machine, assessed: str) -> None:
    started = ("tail", "clocks", "findings", "--until-end", "--json")
    some = machine(*started, "--type", "clock.started", "--case", assessed).lines
    assert some
    assert {each["ce_type"] for each in some} == {"clock.started.v1"}
    found = machine(*started, "--key", "CVE-2022-3602").lines
    assert {each["topic"] for each in found} == {"findings"}
    text = machine("tail", "clocks", "--until-end", "--full", "--type", "clock.started.v1")
    assert "ce_revision" in text.out
    assert '"due_operational"' in text.out
    assert "name some of" in machine("tail", "nothing", status=2).err
    assert "name one of" in machine("tail", "cases", "--type", "case.eaten", status=2).err


def test_tail_follows_what_happens_from_now_on(machine: Machine, case: str) -> None:
    with machine.begin("tail", "rejections", "--json") as following:
        try:
            line = until(lambda: _rejected(machine, following), "a rejection", patience=60)
        finally:
            following.terminate()
    assert case
    assert json.loads(line)["ce_type"] == "submission.rejected.v1"


def _rejected(machine: Machine, following: "subprocess.Popen[str]") -> str:
    """Have a document rejected, until the reader, which takes a moment to start, sees one."""
    assert following.stdout is not None
    file = machine.home / "rejected.txt"
    file.write_text(f"nothing that anybody knows {id(object())} {following.pid}")
    machine("submit", file, "--as", "plm", status=1)
    ready, _, _ = select.select([following.stdout], [], [], 1.0)
    return following.stdout.readline() if ready else ""


def test_a_broken_device_report_is_listed_shown_replayed_and_dropped(machine: Machine) -> None:
    stack = machine.running.stack
    producer = Producer({**stack.kafka.client(DEVICES), "log_level": 0})
    producer.produce(stack.topic_prefix + "device-reports", b'{"device": 7', b"g-broken")
    assert producer.flush(30) == 0
    [entry] = until(lambda: machine.json("quarantine", "ls"), "the record is quarantined")
    name = entry["id"]
    assert (entry["service"], entry["state"], entry["key"]) == (
        "deployment-tracker", "faulty", "g-broken",
    )  # fmt: skip
    table = machine("quarantine", "ls", "--service", "deployment-tracker")
    assert name in table.out
    assert entry["reason"] in table.out
    assert "device-reports" in machine("quarantine", "show", name).out

    told = machine("doctor", status=1)
    assert "patchvigil quarantine ls --service deployment-tracker" in told.out
    again = machine("quarantine", "replay", name, "--reason", "try once more", "--json").json
    assert again["state"] == "faulty"
    short = machine("quarantine", "drop", name, "--reason", "x", status=1)
    assert "/reason: " in short.err
    dropped = machine("quarantine", "drop", name, "--reason", "a test's record", "--json").json
    assert (dropped["state"], dropped["settled_by"]) == ("dropped", "admin")
    assert machine.json("quarantine", "ls") == []
    assert [each["id"] for each in machine.json("quarantine", "ls", "--settled")] == [name]
    unknown = machine("quarantine", "show", "01a20441-6de0-7000-9640-f85af5ca7fe1", status=1)
    assert "no service holds" in unknown.err
    assert machine("quarantine", "ls", "--as", "psirt-1", status=4).err


def test_topics_differ_from_the_contract_until_they_are_applied(machine: Machine) -> None:
    assert "no difference" in machine.program("topics", "diff").out
    kafka = machine.running.stack.kafka
    one = AclBindingFilter(
        ResourceType.TOPIC, "device-reports", ResourcePatternType.LITERAL, f"User:{DEVICES}", "*",
        AclOperation.WRITE, AclPermissionType.ALLOW,
    )  # fmt: skip
    admin = admin_client(kafka)
    [removed] = admin.delete_acls([one]).values()
    assert removed.result(30)
    said = machine("topics", "diff", "--json", status=1)
    [difference] = until(lambda: said.json, "the difference")
    assert (difference["aspect"], difference["wanted"]) == ("access", "allowed")
    assert DEVICES in difference["subject"]
    assert "kafka topics and access rules" in machine("doctor", status=1).out
    assert DEVICES in machine("topics", "apply").out
    assert machine.json("topics", "diff") == []


def test_a_wrong_token_is_told_and_exits_4(machine: Machine) -> None:
    said = machine.program("case", "ls", status=4, PATCHVIGIL_TOKEN="wrong")
    assert "the bearer token is unknown" in said.err
    assert not said.out
    lacking = machine("reconcile", "--as", "psirt-1", status=4)
    assert "lacks the role admin" in lacking.err
    assert "you act as psirt-1" in lacking.err


def test_nothing_running_exits_3_and_says_how_to_start(tmp_path: Path, machine: Machine) -> None:
    empty = {"PATCHVIGIL_HOME": str(tmp_path)}
    for command in ("case ls", "status", "tail cases", "topics diff"):
        said = machine(*command.split(), status=3, **empty)
        assert "patchvigil up" in said.err
    program = machine.program("case", "ls", "--json", status=3, **empty)
    assert not program.out
    checks = machine("doctor", "--json", status=1, **empty).json
    assert checks[0]["check"] == "fleet"
    assert "patchvigil up" in checks[0]["mend"]
    assert machine("down", "--json", status=0, **empty).json["stopped"] is False


def test_a_principal_without_a_token_here_is_wrong_usage(machine: Machine) -> None:
    said = machine("case", "ls", "--as", "nobody", status=2)
    assert "psirt-1" in said.err


@pytest.mark.parametrize(
    ("command", "columns"),
    [
        (["product", "ls"], catalogue.COLUMNS["product"]),
        (["entity", "ls"], catalogue.COLUMNS["entity"]),
        (["site", "ls"], catalogue.COLUMNS["site"]),
        (["device", "ls"], catalogue.COLUMNS["device"]),
        (["submission", "ls"], submissions.COLUMNS),
        (["finding", "ls"], findings.COLUMNS),
        (["case", "ls"], cases.COLUMNS),
        (["clock", "ls"], clocks.COLUMNS),
        (["draft", "ls"], [each for each in drafts.COLUMNS if each != "lacks"]),
        (["alert", "ls"], alerts.COLUMNS),
        (["status"], health.COLUMNS),
        (["audit", "verify"], audit.COLUMNS),
    ],
)
def test_every_column_of_a_table_is_a_field_that_the_service_gives(
    machine: Machine, signalled: str, command: list[str], columns: list[str]
) -> None:
    assert signalled
    rows = until(lambda: machine.json(*command), "rows")
    for column in columns:
        assert all(_has(row, column.split(".")) for row in rows), column
    assert machine(*command).out.count("\n") >= len(rows)


def _has(row: object, path: list[str]) -> bool:
    """Whether a field is there; below one that may be null there may be nothing."""
    for name in path:
        if row is None:
            return True
        if not isinstance(row, dict) or name not in row:
            return False
        row = row[name]
    return True


def test_columns_of_lists_that_are_empty_here_are_fields_of_their_contract(
    machine: Machine,
) -> None:
    described = machine.running.base_urls
    for service, schema, columns in (
        ("deployment-tracker", "CampaignView", campaigns.COLUMNS),
        ("deployment-tracker", "WaveView", campaigns.WAVES),
        ("deployment-tracker", "Entry", [each for each in quarantine.COLUMNS if each != "service"]),
        ("triage", "TimelineRow", cases.TIMELINE),
        ("triage", "ReviewGroup", cases.REVIEW),
        ("triage", "Wait", case_page.SECTIONS["waiting"]),
        ("triage", "ScopeItem", case_page.SECTIONS["scope"]),
        ("triage", "Band", case_page.SECTIONS["risk"]),
        ("triage", "ClockLine", case_page.SECTIONS["clocks"]),
        ("triage", "Measure", case_page.SECTIONS["measures"]),
        ("triage", "Rollout", case_page.SECTIONS["coverage"]),
        ("triage", "Report", case_page.SECTIONS["reports"]),
        ("triage", "GateAnswer", case_page.SECTIONS["gates"][2:]),
        ("triage", "SignerOut", releases.SIGNERS),
        ("deployment-tracker", "ReleasePublished", releases.RELEASES),
        ("deployment-tracker", "DeviceView", campaigns.DEVICES),
        ("notification", "FilingRecorded", letters.FILINGS),
        ("notification", "NoticeSent", letters.NOTICES),
        ("notification", "RequestReceived", letters.REQUESTS),
        ("notification", "RevisionOut", drafts.REVISIONS),
        ("sbom-matcher", "LocationView", where.COLUMNS[:-2]),
        ("deadline-clock", "PackView", packs.COLUMNS),
        ("deadline-clock", "UnansweredView", clock_questions.UNANSWERED),
        ("notification", "FieldState", [each.partition(".")[0] for each in drafts.FIELDS]),
        ("notification", "OpenField", drafts.GAPS),
    ):
        fields = _schema(described[service], schema)
        assert set(columns) <= fields, (schema, set(columns) - fields)


def test_the_fleet_and_this_installation_count_and_show_alike(machine: Machine) -> None:
    due = ("clock", "due", "mdr.serious_incident", "--anchor", "2026-11-28T10:00+01:00",
           "--country", "BE", "--json")  # fmt: skip
    assert machine(*due).json == machine(*due, "--local").json
    for shown in (("pack", "show", "us-806"), ("pack", "show", "escalation")):
        assert machine(*shown, "--json").json == machine(*shown, "--local", "--json").json
    here = {each["id"]: each for each in machine("pack", "ls", "--local", "--json").json}
    there = {each["id"]: each for each in machine.json("pack", "ls")}
    assert here.keys() == there.keys()
    unchanged = [name for name, each in there.items() if each["origin"] != "applied"]
    assert {name: there[name] for name in unchanged} == {name: here[name] for name in unchanged}


def test_coverage_is_split_by_what_the_tracker_splits_it_by(machine: Machine) -> None:
    url = machine.running.base_urls["deployment-tracker"]
    paths = httpx.get(f"{url}/openapi.json", timeout=30).json()["paths"]
    [asked] = [
        each
        for path, calls in paths.items()
        if path.endswith("/coverage")
        for each in calls["get"]["parameters"]
        if each["name"] == "by"
    ]
    assert set(asked["schema"]["enum"]) == set(get_args(words.Split))


def _schema(url: str, name: str) -> set[str]:
    found = httpx.get(f"{url}/openapi.json", timeout=30).json()["components"]["schemas"][name]
    return set(found["properties"])

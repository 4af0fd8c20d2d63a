"""Cases, clocks, drafts, alerts and decisions through the command line, as people act in them."""

from typing import Any

import pytest

from deploy.demo.acts.filing import FILL
from deploy.demo.acts.plot import DOCUMENTS, GATEWAY, PUMP, ZLIB
from tests.component.cli.conftest import clock_of, draft_of
from tests.component.cli.machine import Machine, until

pytestmark = [pytest.mark.stack, pytest.mark.slow]


def test_a_case_is_shown_with_what_waits_for_whom_and_what_keeps_it_open(
    machine: Machine, signalled: str
) -> None:
    assert signalled in machine("case", "ls", "--status", "open").out
    wanted = ("exploitation.assess", "open before it can close", "CRA 24 h early warning")
    until(
        lambda: all(text in machine("case", "show", signalled).out for text in wanted),
        "triage has read of the clock that keeps the case open",
    )
    found = machine.json("case", "show", signalled)
    assert {each["question"] for each in found["waiting"]} >= {"mdr.fsca", "mdr.vigilance"}


def test_the_timeline_tells_who_did_what(machine: Machine, assessed: str) -> None:
    rows = until(
        lambda: [
            row
            for row in machine.json("case", "timeline", assessed)
            if row["type"].startswith("exploitation.assessed")
        ],
        "the assessment on the timeline",
    )
    assert rows[0]["actor"] == "psirt-2"
    assert "psirt-2" in machine("case", "timeline", assessed).out


def test_clocks_are_listed_by_mode_and_shown_with_history_and_alarms(
    machine: Machine, assessed: str
) -> None:
    shadows = machine.json("clock", "ls", "--case", assessed, "--mode", "shadow")
    assert {each["product"] for each in shadows} == {PUMP}
    table = machine("clock", "ls", "--state", "running", "--mode", "mandatory")
    assert "CRA 24 h early warning" in table.out
    clock = clock_of(machine, assessed, "early_warning")
    shown = machine("clock", "show", clock["clock"])
    for text in ("mode reason", "history", "alarms", "T-12h", "aware_at"):
        assert text in shown.out
    assert machine.json("clock", "show", clock["clock"])["alarms"]


def _with_awareness(draft: dict[str, Any]) -> dict[str, Any]:
    """Give a draft once it holds the instant of awareness; drafts follow their facts."""
    return {} if "aware_at" in {gap["field"] for gap in draft.get("gaps", ())} else draft


def test_a_draft_is_filled_refused_to_its_author_approved_by_another_and_recorded_as_filed(
    machine: Machine, assessed: str
) -> None:
    draft = until(
        lambda: _with_awareness(draft_of(machine, assessed, "early_warning")),
        "the draft takes the awareness that was stated",
    )
    name = draft["draft"]
    lacks = [gap["field"] for gap in draft["gaps"] if gap["required"]]
    assert ", ".join(lacks) in machine("draft", "ls", "--case", assessed).out
    early = machine("draft", "approve", name, "--as", "quality", status=1)
    for field in lacks:
        assert f"patchvigil draft fill {name} {field}=VALUE" in early.err

    known = {field["id"] for field in machine.json("draft", "show", name)["document"]["fields"]}
    values = [f"{field}={value}" for field, value in FILL.items() if field in known]
    filled = machine("draft", "fill", name, *values, "--as", "regulatory")
    assert "regulatory" in filled.out
    shown = machine("draft", "show", name)
    for text in ("gaps", "fields", FILL["product_version"], "prepared, not sent"):
        assert text in shown.out

    own = machine("draft", "approve", name, "--as", "regulatory", status=1)
    assert "you are an author" in own.err
    approved = machine("draft", "approve", name, "--as", "quality", "--json").json
    assert approved["approved"]
    assert approved["approved_by"] == ["quality"]

    recorded = machine(
        "draft", "filed", draft["clock"], "--receipt", "SYNTHETIC-0001", "--product", GATEWAY,
        "--draft", name, "--revision", approved["revision"], "--digest", approved["digest"],
        "--as", "regulatory", "--json",
    ).json  # fmt: skip
    assert recorded["mismatches"] == []
    assert "SYNTHETIC-0001" in machine("filing", "ls", "--case", assessed).out
    because = [each["because"] for each in machine.json("draft", "revisions", name)]
    assert len(because) == approved["revision"]
    assert because[-1] in machine("draft", "revisions", name).out
    until(
        lambda: clock_of(machine, assessed, "early_warning")["state"] == "met", "the clock is met"
    )


def test_a_draft_field_that_does_not_exist_is_refused_by_its_name(
    machine: Machine, signalled: str
) -> None:
    name = draft_of(machine, signalled, "notification")["draft"]
    said = machine("draft", "fill", name, "colour=blue", "--as", "regulatory", status=1)
    assert "/fields/0/field" in said.err
    assert "colour" in said.err
    assert "use one of" in said.err


def test_the_sheet_of_a_draft_is_written_to_a_file(
    machine: Machine, signalled: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sheet = tmp_path_factory.mktemp("sheet") / "draft.html"
    name = draft_of(machine, signalled, "notification")["draft"]
    machine("draft", "show", name, "--html", sheet)
    assert "prepared, not sent" in sheet.read_text()


def test_an_alert_is_listed_shown_and_acknowledged_and_the_clock_runs_on(
    machine: Machine, signalled: str
) -> None:
    notification = clock_of(machine, signalled, "notification")["clock"]
    told = until(
        lambda: [
            each
            for each in machine.json("alert", "ls", "--case", signalled, "--state", "open")
            if each["clock"] == notification
        ],
        "an alert",
    )
    name = told[0]["alert"]
    assert told[0]["content"]["summary"] in machine("alert", "ls").out
    assert "deliveries" in machine("alert", "show", name).out
    acked = machine("alert", "ack", name, "--as", "psirt-1", "--json").json
    assert (acked["state"], acked["acknowledged_by"]) == ("acknowledged", "psirt-1")
    again = machine("alert", "ack", name, "--as", "psirt-2", status=1)
    assert "psirt-1 has acknowledged it" in again.err
    assert clock_of(machine, signalled, "notification")["state"] in {"provisional", "running"}


def test_who_is_on_call_is_told_in_the_order_in_which_they_are_tried(machine: Machine) -> None:
    said = machine.program("oncall", "who")
    assert "PSIRT engineer, first on call, PSIRT engineer, second on call" in said.out
    found = machine.json("oncall", "who", "--at", "2026-12-24T20:00:00Z")
    assert {each["target"] for each in found["targets"]} >= {"psirt-oncall", "ra-oncall"}
    wrong = machine("oncall", "who", "--at", "tonight", status=1)
    assert "at: " in wrong.err


def test_a_measure_is_planned_approved_and_its_806_decided_by_a_person(
    machine: Machine, assessed: str
) -> None:
    planned = machine(
        "case", "measure", "plan", assessed, "--kind", "patch", "--category", "A",
        "--title", "Pump 2.4.1", "--product", PUMP, "--target-version", "2.4.1",
        "--as", "psirt-1", "--json",
    ).json  # fmt: skip
    name = planned["measure"]
    assert planned["target_version"] == "2.4.1"
    machine(
        "case", "risk", assessed, "--product", PUMP, "--ground", "as proposed", "--as", "psirt-1"
    )
    shown = machine("case", "measure", "pathway", assessed, name, "--product", PUMP)
    assert "notified body route" in shown.out
    machine(
        "case", "measure", "sign", assessed, name, "--product", PUMP, "--ground", "as shown",
        "--as", "regulatory",
    )  # fmt: skip
    approve = ("case", "measure", "approve", assessed, name, "--ground", "go ahead")
    machine(*approve, "--as", "quality")
    decided = machine(
        "case", "decide", assessed, "--question", "us806.report", "--product", PUMP,
        "--outcome", "not_reportable", "--ground", "No risk to health in the cleared use",
        "--reopen", "Any field report of a stopped infusion", "--as", "regulatory", "--json",
    ).json  # fmt: skip
    assert decided["case"] == assessed
    shown_case = machine.json("case", "show", assessed)
    assert "us806.report" in {each["question"] for each in shown_case["decisions"]}


def test_a_negative_answer_without_its_reopen_trigger_is_refused_by_field(
    machine: Machine, signalled: str
) -> None:
    said = machine(
        "case", "assess", signalled, "--product", PUMP, "--verdict", "not_exploited",
        "--ground", "No trace in the logs", "--as", "psirt-1", status=1,
    )  # fmt: skip
    assert "/reopen_trigger: " in said.err
    assert "mend: " in said.err


def test_an_exploited_case_does_not_close_and_names_its_clock(
    machine: Machine, assessed: str
) -> None:
    said = machine.program(
        "case", "close", assessed, "--outcome", "resolved", "--ground", "The patch is out",
        "--as", "psirt-1", status=1,
    )  # fmt: skip
    assert "refused: Case is not done" in said.err
    assert "CRA 72 h vulnerability notification" in said.err
    assert not said.out


def test_a_case_that_does_not_affect_us_closes_and_reopens(machine: Machine, case: str) -> None:
    assert case
    machine("submit", DOCUMENTS / "06-advisory-zlib.json", "--as", "plm")
    other = until(lambda: machine.json("case", "ls", "--identifier", ZLIB), "a case")[0]["case"]
    machine("submit", DOCUMENTS / "07-statement-zlib.openvex.json", "--as", "psirt-2")
    until(
        lambda: (
            {each["verdict"] for each in machine.json("finding", "ls", "--vulnerability", ZLIB)}
            == {"not_affected"}
        ),
        "the statement counts",
    )
    for kind in ("openvex", "cyclonedx", "csaf"):
        written = machine("finding", "vex", "infusion-pump@2.4.0", "--format", kind).out
        assert ZLIB in written
        assert "not_affected" in written
    assert "PRODUCT@VERSION" in machine("finding", "vex", "infusion-pump", status=2).err
    until(
        lambda: not machine.json("case", "show", other)["open_for"]["not_affected"], "nothing open"
    )
    close = ("case", "close", other, "--outcome", "not_affected", "--ground", "Never called")
    machine(*close, "--as", "psirt-2")
    assert other in machine("case", "ls", "--status", "closed").out
    again = machine(*close, "--as", "psirt-2", status=1)
    assert f"patchvigil case reopen {other}" in again.err
    opened = ("case", "reopen", other, "--ground", "New evidence")
    assert "open" in machine(*opened, "--as", "psirt-2").out


def test_a_case_without_an_identifier_is_opened_by_hand_and_linked(
    machine: Machine, case: str
) -> None:
    opened = machine(
        "case", "open", "--title", "Odd traffic from one gateway", "--product", GATEWAY,
        "--version", "5.1.0", "--ground", "seen in a scan", "--as", "psirt-1", "--json",
    ).json  # fmt: skip
    assert opened["opened"]
    joined = machine(
        "case", "link", opened["case"], "--identifier", "CVE-2022-3602", "--ground", "same flaw",
        "--as", "psirt-1", "--json",
    ).json  # fmt: skip
    assert joined["case"] == case


def test_what_customers_were_told_and_authorities_asked_is_recorded_and_listed(
    machine: Machine, assessed: str
) -> None:
    told = machine(
        "notice", "sent", "--case", assessed, "--product", GATEWAY, "--kind", "advisory",
        "--channel", "portal", "--recipients", 12, "--as", "psirt-2", "--json",
    ).json  # fmt: skip
    assert (told["sent_by"], told["recipients"]) == ("psirt-2", 12)
    assert [each["notice"] for each in machine.json("notice", "ls", "--case", assessed)] == [
        told["notice"]
    ]
    assert "portal" in machine("notice", "ls").out
    asked = machine(
        "request", "received", "--case", assessed, "--authority", "CSIRT", "--rule",
        "cra.intermediate", "--as", "regulatory", "--json",
    ).json  # fmt: skip
    assert [each["request"] for each in machine.json("request", "ls", "--case", assessed)] == [
        asked["request"]
    ]
    assert "CSIRT" in machine("request", "ls").out
    for rule, words in (
        ("cra.intermediat", "is it cra.intermediate"),
        ("cra.aev.final", "no request starts"),
        ("cra.aev.final", "us806.amendment"),
    ):
        mistyped = (
            "--case", assessed, "--authority", "CSIRT", "--rule", rule, "--as", "regulatory",
        )  # fmt: skip
        assert words in machine("request", "received", *mistyped, status=1).err
    of_nothing = ("--case", "PV-2019-0001", "--authority", "CSIRT", "--as", "regulatory")
    refused = machine("request", "received", *of_nothing, status=1)
    assert "/case: there is no case PV-2019-0001" in refused.err
    assert "patchvigil case ls" in refused.err


def test_the_packs_are_listed_and_shown_with_their_rules(machine: Machine) -> None:
    packs = {each["id"]: each for each in machine.json("pack", "ls")}
    name = next(pack for pack in packs if "cra" in pack)
    assert name in machine("pack", "ls").out
    assert "cra." in machine("pack", "show", name).out
    assert len(machine.json("pack", "show", name)["content"]) == packs[name]["rules"]
    rule = machine.json("pack", "show", name)["content"][0]["id"]
    due = ("clock", "due", rule, "--anchor", "2026-11-20T09:00:00Z", "--country", "DE")
    assert machine.json(*due)["due_operational"] > "2026-11-20T09:00:00Z"
    assert "elapsed seconds: no daylight saving time" in machine(*due).out
    unheard = machine("clock", "due", "none", "--anchor", "2026-11-20T09:00:00Z", status=1)
    assert "`pack show` lists them" in unheard.err
    assert "there is no pack none" in machine("pack", "show", "none", status=1).err

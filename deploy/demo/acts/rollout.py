"""Acts 6, 8 and 9: gates, waves that halt and go on, coverage, the measure becomes available."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from deploy.demo.acts.plot import CAMPAIGN, GATEWAY
from deploy.demo.fleet_reports import Reporter
from deploy.demo.stage import Stage, moment

RELEASE = "link-gateway-5.1.1"
_IMAGE = hashlib.sha256(b"demonstration image of link-gateway 5.1.1").hexdigest()


def gates(stage: Stage, case: str) -> str:
    """Plan and approve a patch, publish its release; give the measure once wave 1 has started."""
    stage.scene(6, "Wave 1 is refused until its gates have evidence")
    planned = stage.post(
        "psirt-2",
        "triage",
        f"/v1/cases/{case}/measures",
        {
            "kind": "patch",
            "category": "A",
            "title": "Link gateway 5.1.1 with OpenSSL 3.0.7",
            "products": [GATEWAY],
            "target_version": "5.1.1",
        },
    )
    measure = str(planned["measure"])
    stage.say("psirt-2", "plans the patch 5.1.1", "category A: like for like")
    stage.post(
        "quality",
        "triage",
        f"/v1/cases/{case}/measures/{measure}/approve",
        {"ground": "Risk accepted; regression report on file"},
    )
    stage.say("quality", "approves it", "another person than who planned it")
    stage.post(
        "quality",
        "triage",
        "/v1/signers",
        {
            "signer": "release-key",
            "public_key": stage.cast.release_public_key,
            "ground": "Key ceremony of the demonstration",
        },
    )
    stage.post(
        "operations",
        "deployment-tracker",
        "/v1/releases",
        {
            "release": RELEASE,
            "product": GATEWAY,
            "version": "5.1.1",
            "digest": _IMAGE,
            "signature": stage.cast.sign(_IMAGE),
            "signed_by": "release-key",
        },
    )
    stage.say("operations", "publishes the release", "its Ed25519 signature holds")
    plan = {
        "campaign": CAMPAIGN,
        "case": case,
        "measure": measure,
        "release": RELEASE,
        "product": GATEWAY,
        "from_versions": ["5.1.0"],
        "target_version": "5.1.1",
        "waves": [
            {"method": "automatic", "percent": 10},
            {"method": "automatic", "percent": 100},
            {"method": "manual", "percent": 100},
            {"method": "physical", "percent": 100},
        ],
        "stop_rules": {"failure_percent": 5, "minimum_finished": 20},
    }
    stage.await_("the measure reaches the tracker", lambda: _planned(stage, plan))
    stage.say(
        "operations",
        "plans four waves over 1,500 gateways",
        "two by the network, one by hand, one with a visit",
    )
    _start(stage, 1, "each wave is asked for by a person")
    wave = stage.await_("the gates' answer", lambda: (w := _wave(stage, 1))["gates"] and w)
    for gate in wave["gates"]:
        stage.say("triage", f"gate {gate['gate']}: {gate['verdict']}", gate["reason"])
    stage.check(
        "wave 1 is refused while gates are missing",
        passed=wave["state"] == "planned",
        found=[f"{each['gate']} {each['verdict']}" for each in wave["gates"]],
    )
    for gate, reference in (
        ("risk_file", "RMF-0042 revision 7"),
        ("rollback_exercised", "TR-0815 rollback on G1"),
        ("release_signed", "SIG-0007"),
    ):
        proof = hashlib.sha256(reference.encode()).hexdigest()
        body = {"gate": gate, "measure": measure, "reference": reference, "digest": proof}
        if gate == "release_signed":
            body["release_digest"] = _IMAGE
        stage.post("quality", "triage", f"/v1/cases/{case}/evidence", body)
        stage.say("quality", f"brings evidence for {gate}: {reference}", "kept with its digest")
    _start(stage, 1, "its gates have evidence now")
    started = stage.await_(
        "wave 1 starts", lambda: (w := _wave(stage, 1))["state"] == "started" and w
    )
    stage.say("tracker", "wave 1 starts on its own unexpired answer", "every gate passed")
    verdicts = {each["gate"]: each["verdict"] for each in started["gates"]}
    stage.check(
        "wave 1 starts with its gates passed",
        passed=set(verdicts.values()) == {"passed"},
        found=verdicts,
    )
    return measure


def _planned(stage: Stage, plan: dict[str, Any]) -> bool:
    answer = stage.call("operations", "POST", "deployment-tracker", "/v1/campaigns", json=plan)
    return answer.is_success or "was planned already" in answer.text


def _start(stage: Stage, number: int, why: str) -> None:
    stage.post(
        "operations", "deployment-tracker", f"/v1/campaigns/{CAMPAIGN}/waves/{number}/start", {}
    )
    stage.say("operations", f"asks for wave {number}", why)


def _await_state(stage: Stage, number: int, state: str) -> None:
    stage.await_(f"wave {number} is {state}", lambda: _wave(stage, number)["state"] == state)


def _wave(stage: Stage, number: int) -> dict[str, Any]:
    shown = stage.get("deployment-tracker", f"/v1/campaigns/{CAMPAIGN}")
    wave: dict[str, Any] = shown["waves"][number - 1]
    return wave


def waves(stage: Stage, reporter: Reporter, measure: str) -> None:
    """Let a wave halt on failures and go on; let a safety event stop every wave."""
    stage.scene(8, "A wave halts on failures and resumes with a reason; another stops for safety")
    first = _members(stage, 1)
    failing, fine = first[: len(first) // 10 + 2], first[len(first) // 10 + 2 :]
    reporter.report(failing, "failed", code="power_lost")
    reporter.report(fine, "verified")
    halted = stage.await_("wave 1 halts", lambda: (w := _wave(stage, 1))["state"] == "halted" and w)
    stage.say("tracker", "wave 1 halts by itself", halted["halt_because"])
    stage.check(
        "failures over the limit halt the wave",
        passed=halted["halt_rule"] == "failure_rate",
        found=halted["halt_because"],
    )
    _resume(stage, 1, "operations", "A site lost power; its units are retried by hand")
    done = stage.await_(
        "wave 1 completes", lambda: (w := _wave(stage, 1))["state"] == "completed" and w
    )
    stage.say("tracker", "wave 1 goes on and completes", "its gates answered again")
    stage.check(
        "the halted wave resumed with a reason",
        passed=bool(done["resume_reason"]),
        found=done["resume_reason"],
    )
    for number, why in ((2, "wave 1 is complete"), (3, "technicians are ready")):
        _start(stage, number, why)
        _await_state(stage, number, "started")
        stage.say("tracker", f"wave {number} starts", "every gate passed")
    second = _members(stage, 2)
    reporter.report(second[:1], "safety_event", code="management_lost")
    stopped = stage.await_(
        "every wave stops", lambda: (w := _wave(stage, 2))["state"] == "halted" and w
    )
    _await_state(stage, 3, "halted")
    stage.say("tracker", "one safety event: every running wave stops", stopped["halt_because"])
    states = [_wave(stage, number)["state"] for number in (2, 3)]
    stage.check(
        "one safety event halts every running wave", passed=states == ["halted"] * 2, found=states
    )
    _resume(stage, 2, "quality", "Event assessed: a rack was unplugged; no fault of the update")
    _resume(stage, 3, "quality", "As wave 2")
    for number in (2, 3):
        _await_state(stage, number, "started")
    stage.check(
        "a person of quality let them go on, with a reason",
        passed=bool(measure),
        found=_wave(stage, 2)["resume_reason"],
    )


def _resume(stage: Stage, number: int, actor: str, reason: str) -> None:
    path = f"/v1/campaigns/{CAMPAIGN}/waves/{number}/resume"
    stage.post(actor, "deployment-tracker", path, {"reason": reason})
    stage.say(actor, f"resumes wave {number}", reason)


def _members(stage: Stage, number: int) -> list[str]:
    """Name the devices of a wave."""
    found: list[str] = []
    cursor = ""
    while True:
        path = f"/v1/campaigns/{CAMPAIGN}/devices?limit=500{cursor}"
        page = stage.get("deployment-tracker", path)
        found += [each["device"] for each in page["items"] if each["wave"] == number]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def available(stage: Stage, reporter: Reporter, case: str, measure: str) -> None:
    """Report most devices, read coverage by method, and make the measure available."""
    stage.scene(9, "Coverage by method; the measure is available: the 14 days of the CRA start")
    wanted = _report_rest(stage, reporter)
    coverage = stage.await_(
        "coverage arrives",
        lambda: (c := _coverage(stage))["overall"]["covered"] >= wanted and c,
    )
    stage.say("tracker", "counts what is covered", coverage["definition"])
    for part in coverage["parts"]:
        stage.say(
            "tracker",
            f"{part['part']:10} {part['covered']:5,} of {part['total']:5,} are covered",
            f"{part['verified']:.1%} verified",
        )
    stage.check(
        "coverage is split by method and counts verified devices only",
        passed=[each["part"] for each in coverage["parts"]] == ["automatic", "manual", "physical"]
        and "VERIFIED" in coverage["definition"],
        found=f"{coverage['overall']['covered']} of {coverage['overall']['total']}",
    )
    waiting = stage.clocks(case, product=GATEWAY, stage="final")
    stage.check(
        "the final report waits for its anchor, without an invented date",
        passed=[each["state"] for each in waiting] == ["awaiting_anchor"],
        found=[each["state"] for each in waiting],
    )
    stage.post(
        "psirt-2",
        "triage",
        f"/v1/cases/{case}/measures/{measure}/available",
        {"ground": "5.1.1 is offered to every hospital"},
    )
    stage.say("psirt-2", "records that users can have the measure", "5.1.1 is offered to them")
    final = stage.await_(
        "the final report's clock runs",
        lambda: stage.clocks(case, product=GATEWAY, stage="final", state="running"),
    )[0]
    stage.say(
        "clock",
        f"{final['label']} runs, due {moment(final['due_operational'])}",
        "measure available plus 14 days",
    )
    due = datetime.fromisoformat(final["due_operational"])
    anchor = datetime.fromisoformat(final["anchor"]["at"])
    stage.check(
        "the final report is due 14 days after the measure became available",
        passed=timedelta(days=13, hours=22) <= due - anchor <= timedelta(days=14, hours=2),
        found=f"{moment(final['due_operational'])}, {due - anchor} after it",
    )


def _report_rest(stage: Stage, reporter: Reporter) -> int:
    """Let most of the started waves' devices report; give how many are covered afterwards."""
    before = int(_coverage(stage)["overall"]["covered"])
    second, third = _members(stage, 2)[1:], _members(stage, 3)
    by_network, by_visit = second[: len(second) * 9 // 10], third[: len(third) // 2]
    reporter.report(by_network, "verified")
    reporter.report(by_visit, "verified", evidence="technician_signature")
    reporter.report(third[len(third) // 2 :], "acknowledged")
    return before + len(by_network) + len(by_visit)


def _coverage(stage: Stage) -> Any:
    return stage.get("deployment-tracker", f"/v1/campaigns/{CAMPAIGN}/coverage?by=method")

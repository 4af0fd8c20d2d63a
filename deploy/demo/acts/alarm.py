"""Acts 1 to 4: an advisory, a hospital's report, a page that wakes somebody, her assessment."""

import re
from datetime import UTC, datetime
from typing import Any

from deploy.demo import devices
from deploy.demo.acts.plot import GATEWAY, OPENSSL, PUMP, case_of, findings, submit
from deploy.demo.receivers import as_received, text_of
from deploy.demo.stage import Stage, due

_GONE = 410
_FINDINGS = 3


def advisory(stage: Stage) -> str:
    """Register the company, submit SBOMs and an advisory; give the case that opens."""
    stage.scene(1, "An advisory hits both products; a version that cannot be read shows unknown")
    submit(stage, "plm", "01-catalogue.yaml", "a pump that is a device, a gateway that is none")
    fleet = stage.submit("plm", "devices.csv", devices.as_csv(), "text/csv")
    stage.say(
        "plm",
        f"submits devices.csv: {fleet['status']}",
        f"{devices.COUNT:,} devices, three methods",
    )
    stage.check(
        "every device is registered",
        passed=fleet["counts"].get("published") == devices.COUNT,
        found=fleet["counts"],
    )
    for name, product, version in (
        ("02-pump-2.4.0.cdx.json", PUMP, "2.4.0"),
        ("03-gateway-5.1.0.cdx.json", GATEWAY, "5.1.0"),
        ("04-gateway-5.0.2.cdx.json", GATEWAY, "5.0.2"),
    ):
        submit(
            stage, "plm", name, f"what is inside {product} {version}",
            product=product, version=version,
        )  # fmt: skip
    submit(stage, "plm", "05-advisory-openssl.json", "a feed mirror carries the public record")
    found = stage.await_("three findings", lambda: _all_findings(stage))
    verdicts = {(each["product"], each["version"]): each["verdict"] for each in found}
    for each in found:
        stage.say(
            "sbom-matcher",
            f"{each['product']} {each['version']}: {each['component']} "
            f"{each['component_version']} is {each['verdict']}",
            each["reason"] or "the version is in the advisory's range",
        )
    wanted = {
        (PUMP, "2.4.0"): "affected",
        (GATEWAY, "5.1.0"): "affected",
        (GATEWAY, "5.0.2"): "unknown",
    }
    stage.check(
        "the advisory affects both products, and 5.0.2 is unknown",
        passed=verdicts == wanted,
        found=verdicts,
    )
    case = stage.await_("a case", lambda: case_of(stage, OPENSSL))
    stage.say("triage", f"opens {case} for {OPENSSL}", "one case over all products")
    listed = stage.await_("the unreadable version is on the review list", lambda: _review(stage))
    stage.check(
        "the unreadable version is on the review list",
        passed=GATEWAY in str(listed),
        found=listed,
    )
    return case


def signal(stage: Stage, case: str) -> None:
    """Submit what the hospital reports; provisional clocks run and a person is paged."""
    stage.scene(2, "A hospital reports exploitation on its gateway: provisional clock, page")
    submit(stage, "psirt-2", "08-hospital-report.yaml", "the hospital told it by telephone")
    clocks = stage.await_(
        "provisional clocks",
        lambda: stage.clocks(case, product=GATEWAY, state="provisional", kind="law"),
    )
    for clock in clocks:
        stage.say(
            "clock",
            f"{clock['label']} is provisional, {due(clock)}",
            clock["mode_reason"],
        )
    anchor = clocks[0]["anchor"]
    stage.check(
        "the provisional clock runs from the instant we held signal and finding",
        passed=anchor["name"] == "signal_held_at",
        found=anchor["name"],
    )
    call = stage.inbox.await_call("psirt-1", case)
    stage.say(
        "notification",
        f"pages psirt-1 by signed webhook: {call.body['summary']}",
        "to assess: evidence asks a person and starts no legal period",
    )
    first = next(each.path for each in stage.inbox.calls if case in str(each.body)).strip("/")
    stage.check("the webhook's signature holds", passed=call.genuine, found=call.message_id)
    stage.check(
        "the first person of the roster is told first",
        passed=first == "psirt-1",
        found=first,
    )


def escalation(stage: Stage, case: str) -> None:
    """Let the first person be silent; the second answers by her one-use link."""
    stage.scene(3, "Nobody acknowledges; the next person does")
    mail = stage.inbox.await_mail("psirt-2@", case)
    stage.say("notification", "no answer within 15 minutes: psirt-2 is told", "next in the roster")
    stage.quote(as_received(mail))
    link = re.search(r"http://\S+/ack/\S+", text_of(mail))
    stage.check("the mail carries a one-use link", passed=link is not None)
    if link is None:
        return
    asked = stage.client.get(link[0])
    answer = stage.client.post(link[0])
    again = stage.client.post(link[0])
    stage.say("psirt-2", "opens the link, confirms the page", "a GET alone changes nothing")
    stage.check(
        "the link works once",
        passed=asked.is_success and answer.is_success and again.status_code == _GONE,
        found=f"{asked.status_code}, {answer.status_code}, then {again.status_code}",
    )
    alerts = stage.get("notification", f"/v1/alerts?case={case}")["items"]
    acked = [each for each in alerts if each["acknowledged_by"] == "psirt-2"]
    stage.check("the alert is acknowledged by psirt-2", passed=bool(acked), found=len(acked))
    running = stage.clocks(case, product=GATEWAY, state="provisional", kind="law")
    stage.check("the acknowledgement stopped no clock", passed=bool(running), found=len(running))


def assessment(stage: Stage, case: str) -> None:
    """Confirm exploitation in the gateway; look at what that means for the pump."""
    stage.scene(4, "She confirms for the gateway: the 24 h and 72 h run; the pump's is a shadow")
    body = {
        "product": GATEWAY,
        "verdict": "exploited",
        "aware_at": datetime.now(UTC).isoformat(),
        "ground": "Packet captures show the crafted certificates and the crash; sessions were used",
        "evidence": ["hospital-north-2026-001"],
    }
    stage.post("psirt-2", "triage", f"/v1/cases/{case}/assessments", body)
    stage.say(
        "psirt-2", "confirms exploitation in the gateway", "reasonable certainty is hers to state"
    )
    running = stage.await_("24 h and 72 h running", lambda: _both_running(stage, case))
    for clock in running:
        stage.say(
            "clock",
            f"{clock['label']}: mandatory, running, {due(clock)}",
            clock["mode_reason"],
        )
    stage.check(
        "24 h and 72 h are mandatory and run from aware_at",
        passed={each["anchor"]["name"] for each in running if each["kind"] == "law"}
        == {"aware_at"},
        found=sorted(each["rule"] for each in running),
    )
    shadows = stage.clocks(case, product=PUMP, mode="shadow")
    for clock in shadows:
        stage.say("clock", f"pump, {clock['label']}: shadow", clock["mode_reason"])
    stage.check(
        'the pump shows a shadow clock, "MDR device: CRA Article 2(2)"',
        passed=any("MDR device: CRA Article 2(2)" in each["mode_reason"] for each in shadows),
        found=sorted({each["mode_reason"] for each in shadows}),
    )
    waiting = stage.get("triage", f"/v1/cases/{case}")["waiting"]
    questions = {
        each["question"]: f"{each['title']}: {each['because']}"
        for each in waiting
        if each["product"] == PUMP
    }
    for question, why in questions.items():
        stage.say("triage", f"the pump waits for a person: {question}", why)
    stage.check(
        "the pump's open decisions: vigilance incident, FSCA and FDA 806",
        passed={"mdr.vigilance", "mdr.fsca", "us806.report"} <= set(questions),
        found=sorted(questions),
    )


def _all_findings(stage: Stage) -> list[dict[str, Any]] | None:
    found = findings(stage, OPENSSL)
    return found if len(found) == _FINDINGS else None


def _review(stage: Stage) -> list[dict[str, Any]]:
    """List what people have to look at in OpenSSL; it may reach triage after what is affected."""
    items = stage.get("triage", "/v1/review")["items"]
    return [
        each
        for each in items
        if each["component"] == "openssl" and each["reason"] == "unparsed_version"
    ]


def _both_running(stage: Stage, case: str) -> list[dict[str, Any]] | None:
    found = stage.clocks(case, product=GATEWAY, state="running", mode="mandatory")
    stages = {each["stage"] for each in found}
    return found if {"early_warning", "notification"} <= stages else None

"""Acts 7 and 10: people decide. FDA 806 for the pump; what may close and what may not."""

from collections.abc import Sequence
from typing import Any

from deploy.demo.acts.plot import PUMP, ZLIB, case_of, findings, submit
from deploy.demo.stage import Stage, moment


def us_806(stage: Stage, case: str) -> None:
    """Approve a measure for the pump, and decide on reporting it to FDA."""
    stage.scene(7, "A measure for the pump is approved: FDA 806 is provisional; a person decides")
    planned = stage.post(
        "psirt-2",
        "triage",
        f"/v1/cases/{case}/measures",
        {
            "kind": "patch",
            "category": "A",
            "title": "Pump 2.4.1 with OpenSSL 3.0.7",
            "products": [PUMP],
            "target_version": "2.4.1",
        },
    )
    stage.post(
        "quality",
        "triage",
        f"/v1/cases/{case}/measures/{planned['measure']}/approve",
        {"ground": "Patch may go ahead"},
    )
    stage.say("quality", "approves the pump's patch", "the earliest reading of 'initiating'")
    clocks = stage.await_(
        "the 806 clock",
        lambda: [
            c
            for c in stage.clocks(case, product=PUMP, state="provisional")
            if c["rule"].startswith("us806")
        ],
    )
    clock = clocks[0]
    stage.say(
        "clock",
        f"{clock['label']} is provisional, due {moment(clock['due_operational'])}",
        f"{clock['anchor']['name']}; {clock['anchor'].get('note') or ''}",
    )
    stage.check(
        "806 is provisional from initiating, in working days",
        passed=clock["anchor"]["name"] == "initiated_at",
        found=moment(clock["due_operational"]),
    )
    stage.post(
        "regulatory",
        "triage",
        f"/v1/cases/{case}/decisions",
        {
            "question": "us806.report",
            "product": PUMP,
            "outcome": "not_reportable",
            "ground": "No risk to health: the library is not reachable in the cleared use",
            "reopen_trigger": "Any field report of a stopped infusion",
        },
    )
    stage.say(
        "regulatory",
        "decides: not reportable, with ground and reopen trigger",
        "a negative decision is a record too",
    )
    ended = stage.await_(
        "the 806 clock ends",
        lambda: [
            c
            for c in stage.clocks(case, product=PUMP, state="not_applicable")
            if c["rule"].startswith("us806")
        ],
    )
    stage.check("the decision ended the 806 clock", passed=bool(ended), found=ended[0]["state"])


def closing(stage: Stage, case: str) -> None:
    """Try to close the exploited case; close another as not affected."""
    stage.scene(10, "Closing the exploited case is refused; a not-affected case closes")
    body = {"outcome": "resolved", "ground": "The patch is out"}
    path = f"/v1/cases/{case}/close"
    still_open = stage.await_(
        "triage hears that the final report's clock runs",
        lambda: _unless_waiting(_details(stage.refused("psirt-2", "triage", path, body))),
    )
    stage.say("triage", "refuses to close", f"{len(still_open)} things are open")
    stage.quote("\n".join(still_open))
    filing = [each for each in still_open if "CRA 72 h vulnerability notification" in each]
    stage.check("closing is refused, naming the open filing clock", passed=bool(filing),
                found=filing)  # fmt: skip
    submit(stage, "plm", "06-advisory-zlib.json", "another public record")
    other = stage.await_("a second case", lambda: case_of(stage, ZLIB))
    stage.say("triage", f"opens {other} for {ZLIB} on the pump", "its SBOM lists zlib")
    submit(stage, "psirt-2", "07-statement-zlib.openvex.json",
           "she states: not affected, the vulnerable code is never called")  # fmt: skip
    stage.await_(
        "the finding is not affected",
        lambda: {f["verdict"] for f in findings(stage, ZLIB)} == {"not_affected"},
    )
    closing = {"outcome": "not_affected", "ground": "Vulnerable code is not in the execute path"}
    stage.await_(
        "the case closes",
        lambda: (
            stage.call(
                "psirt-2", "POST", "triage", f"/v1/cases/{other}/close", json=closing
            ).is_success
        ),
    )
    shown = stage.get("triage", f"/v1/cases/{other}")
    stage.say("psirt-2", f"closes {other} as {shown['outcome']}", closing["ground"])
    stage.check(
        "the not-affected case is closed",
        passed=shown["status"] == "closed",
        found=shown["outcome"],
    )


def _unless_waiting(details: list[str]) -> list[str] | None:
    """Give what is open, once nothing of it awaits an anchor any more."""
    return None if any("awaiting anchor" in each for each in details) else details


def _details(problem: dict[str, Any]) -> list[str]:
    faults: Sequence[dict[str, Any]] = problem.get("errors") or [problem]
    return [str(each.get("detail")) for each in faults]

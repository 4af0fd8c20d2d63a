"""Act 5: the author fills gaps, another person approves, and what was filed is recorded."""

from datetime import UTC, datetime
from typing import Any

from deploy.demo.acts.plot import GATEWAY
from deploy.demo.stage import Stage

FILL = {
    "title": "Exploited buffer overrun in the Link gateway's certificate check",
    "summary": "Crafted certificates crash the management service; a hospital saw it exploited.",
    "product_version": "5.1.0; 5.0.2 is under examination",
    "product_type": "Important",
    "user_action": "Restrict the management port to the hospital's administration network.",
    "further_information": "A synthetic notification of a demonstration.",
}
"""What the author states where the facts leave a gap: field id to value."""


def draft_and_filing(stage: Stage, case: str) -> None:
    """Fill, refuse, approve and record the early warning."""
    stage.scene(
        5, "The author fills gaps and is refused as approver; another approves; it is filed"
    )
    drafts = stage.await_(
        "the early warning's draft, with the awareness she stated",
        lambda: [
            each
            for each in stage.get("notification", f"/v1/drafts?case={case}&limit=200")["items"]
            if each["stage"] == "early_warning" and each["product"] == GATEWAY and not each["ended"]
            if "aware_at" not in {gap["field"] for gap in each["gaps"]}
        ],
    )
    name = drafts[0]["draft"]
    draft = stage.get("notification", f"/v1/drafts/{name}")
    gaps = _gaps(draft)
    stage.say(
        "notification", f"the draft lacks {', '.join(gaps) or 'nothing'}", "gaps, never guesses"
    )
    refused = _refusal(stage, "quality", name, "required fields are open")
    stage.say("quality", "tries to approve: refused", refused)
    stage.check(
        "approval is refused while a required field is open, naming it",
        passed=bool(gaps) and all(each in refused for each in gaps),
        found=refused,
    )
    known = {each["id"] for each in draft["document"]["fields"]}
    wanted = [name for name in dict.fromkeys([*gaps, *FILL]) if name in known and name in FILL]
    fields = [{"field": each, "value": FILL[each]} for each in wanted]
    stage.post("regulatory", "notification", f"/v1/drafts/{name}/fill", {"fields": fields})
    stage.say("regulatory", f"fills {', '.join(wanted)}", "is an author from now on")
    path = f"/v1/drafts/{name}/approve"
    own = _refusal(stage, "regulatory", name, "author")
    stage.say("regulatory", "tries to approve it: refused", own)
    stage.check("an author cannot approve", passed="another person" in own, found=own)
    draft = stage.get("notification", f"/v1/drafts/{name}")
    approved = stage.post("quality", "notification", path, _bound(draft))
    stage.say("quality", f"approves revision {approved['revision']}", "bound to its digest")
    stage.check(
        "another person's approval is complete",
        passed=approved["approved"],
        found=approved["approved_by"],
    )
    filing = {
        "clock": draft["clock"],
        "receipt": "SYNTHETIC-0001",
        "filed_at": datetime.now(UTC).isoformat(),
        "products": [GATEWAY],
        "draft": name,
        "revision": approved["revision"],
        "digest": approved["digest"],
    }
    recorded = stage.post("regulatory", "notification", "/v1/filings", filing)
    stage.say(
        "regulatory", "records what she filed, receipt SYNTHETIC-0001", "the software files nothing"
    )
    met = stage.await_(
        "the clock is met",
        lambda: [c for c in stage.clocks(case, state="met") if c["clock"] == draft["clock"]],
    )
    stage.say("clock", f"{met[0]['label']} is met", "only a recorded filing meets it")
    stage.check(
        "the recorded filing met the early warning's clock in time",
        passed=not met[0]["late"],
        found=recorded["mismatches"] or "no mismatch",
    )


def _refusal(stage: Stage, actor: str, name: str, reason: str) -> str:
    """Try to approve until it is refused for this reason, not for facts that came in between."""

    def tried() -> str | None:
        draft = stage.get("notification", f"/v1/drafts/{name}")
        path = f"/v1/drafts/{name}/approve"
        said = str(stage.refused(actor, "notification", path, _bound(draft)).get("detail"))
        return said if reason in said else None

    return stage.await_(f"a refusal because {reason}", tried)


def _gaps(draft: dict[str, Any]) -> list[str]:
    return [each["field"] for each in draft["document"]["gaps"] if each["required"]]


def _bound(draft: dict[str, Any]) -> dict[str, Any]:
    return {"revision": draft["revision"], "digest": draft["digest"]}

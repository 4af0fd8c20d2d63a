"""The arguments, options and choices that several commands share, each worded once."""

from typing import Annotated, Literal

import typer

Verdict = Literal["affected", "not_affected", "fixed", "unknown"]
FindingKind = Literal["vulnerability", "inventory", "support"]
CaseStatus = Literal["open", "closed", "merged"]
Exploitation = Literal["exploited", "not_exploited"]
CloseAs = Literal["resolved", "not_affected"]
MeasureKind = Literal["patch", "compensating_control", "feature_disable", "workaround"]
Category = Literal["A", "B", "C", "D"]
IncidentRegime = Literal["eu_mdr", "eu_ivdr", "us_803", "cra", "nis2"]
Harm = Literal["none", "malfunction", "serious", "death", "public_health_threat", "unknown"]
ClockState = Literal[
    "provisional", "awaiting_anchor", "running", "met", "late", "superseded", "not_applicable"
]
ClockMode = Literal["mandatory", "shadow", "off"]
AlertState = Literal["open", "exhausted", "acknowledged", "resolved"]
NoticeKind = Literal[
    "advisory", "field_safety_notice", "workaround", "acknowledgement", "notified_body"
]
CampaignState = Literal["planned", "running", "completed", "aborted"]
DeviceState = Literal[
    "not_offered",
    "offered",
    "downloading",
    "downloaded",
    "installing",
    "installed_unconfirmed",
    "verified",
    "already_at_version",
    "notified",
    "acknowledged",
    "unreachable",
    "awaiting_consent",
    "deferred",
    "visit_scheduled",
    "in_clinical_use",
    "rejected",
    "failed",
    "rolled_back",
    "timed_out",
    "safety_event",
    "declined",
    "ineligible",
    "lost_to_follow_up",
    "retired",
]
Split = Literal["method", "wave", "market", "version", "hardware"]
SubmissionStatus = Literal["published", "unchanged", "superseded", "waiting", "rejected"]
Service = Literal[
    "intake", "sbom-matcher", "triage", "deadline-clock", "notification", "deployment-tracker"
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")]
As = Annotated[
    str | None,
    typer.Option("--as", help="Act as this principal, if the home holds its token.", metavar="ID"),
]
Here = Annotated[
    bool, typer.Option("--local", help="Read this installation's packs, also where a fleet runs.")
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="As it was shown at this instant, with its zone.", metavar="AT"),
]
Case = Annotated[str, typer.Argument(metavar="CASE", help="Tracking id, such as PV-2026-0042.")]
OfCase = Annotated[str | None, typer.Option("--case", help="Limit to one case.", metavar="CASE")]
OfProduct = Annotated[str | None, typer.Option("--product", help="Limit to one product.")]
ForProduct = Annotated[str, typer.Option("--product", help="The product the answer is for.")]
Ground = Annotated[str, typer.Option(help="Why, in words; it goes into the record.")]
Reason = Annotated[str, typer.Option(help="Why, in words; it goes into the record.")]
Reopen = Annotated[
    str | None,
    typer.Option("--reopen", help="What would reopen it; a negative answer needs one."),
]
MeasureId = Annotated[str, typer.Argument(metavar="MEASURE", help="Id, from `case show`.")]

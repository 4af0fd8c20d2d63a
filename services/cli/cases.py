"""Commands for cases: list, show, timeline, assess, decide, measures, evidence, close."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.door import door
from services.cli.evidence import digest_of
from services.cli.printing import As, AsJson, as_json, document, listing, out

app = typer.Typer(help="The file of each vulnerability, report or incident.", no_args_is_help=True)
measure = typer.Typer(help="Measures: plan, approve, available.", no_args_is_help=True)
evidence = typer.Typer(help="Evidence for gates: add, revoke.", no_args_is_help=True)
app.add_typer(measure, name="measure")
app.add_typer(evidence, name="evidence")

Ground = Annotated[str, typer.Option(help="Why; it goes into the record.")]
Reopen = Annotated[
    str | None, typer.Option("--reopen", help="What would reopen a negative answer.")
]
ProductOption = Annotated[str | None, typer.Option(help="Limit to one product.")]
COLUMNS = ["case", "kind", "status", "title", "identifiers", "products", "opened_at"]


def _post(case: str, path: str, body: dict[str, Any], who: str | None, *, wanted: bool) -> None:
    given = {name: value for name, value in body.items() if value is not None}
    document(door(who).post("triage", f"/v1/cases/{case}{path}", given), json_wanted=wanted)


@app.command()
def ls(
    status: Annotated[str | None, typer.Option(help="open or closed.")] = None,
    product: ProductOption = None,
    identifier: Annotated[str | None, typer.Option(help="By a CVE or alias.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List cases."""
    rows = door(who).items(
        "triage", "/v1/cases", status=status, product=product, identifier=identifier
    )
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def show(case: str, json: AsJson = False, who: As = None) -> None:
    """Show a case: scope, risk, signals, decisions that wait, measures, gates."""
    document(door(who).get("triage", f"/v1/cases/{case}"), json_wanted=json)


@app.command()
def timeline(case: str, json: AsJson = False, who: As = None) -> None:
    """Show everything that happened in a case, in order, and who did it."""
    rows = door(who).items("triage", f"/v1/cases/{case}/timeline")
    listing(rows, ["time", "service", "type", "actor", "summary"], json_wanted=json)


@app.command()
def review(json: AsJson = False, who: As = None) -> None:
    """List unknown verdicts by component and reason: what a person must look at."""
    found = door(who).get("triage", "/v1/review")
    if json:
        as_json(found)
        return
    columns = ["component", "reason", "findings", "products", "some_vulnerabilities", "since"]
    listing(found["items"], columns, json_wanted=False)


@app.command()
def assess(
    case: str,
    product: Annotated[str, typer.Option(help="The product the answer is for.")],
    verdict: Annotated[str, typer.Option(help="exploited or not_exploited.")],
    ground: Ground,
    aware_at: Annotated[
        str | None, typer.Option(help="Instant with zone: reasonable certainty, if exploited.")
    ] = None,
    proof: Annotated[list[str] | None, typer.Option(help="Reference; repeat for more.")] = None,
    reopen: Reopen = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Answer whether a vulnerability was exploited in one product."""
    body = {
        "product": product, "verdict": verdict, "ground": ground, "aware_at": aware_at,
        "evidence": proof or [], "reopen_trigger": reopen,
    }  # fmt: skip
    _post(case, "/assessments", body, who, wanted=json)


@app.command()
def decide(
    case: str,
    question: Annotated[str, typer.Option(help="Such as us806.report, mdr.fsca.")],
    outcome: Annotated[str, typer.Option(help="One of the question's outcomes.")],
    ground: Ground,
    product: ProductOption = None,
    reopen: Reopen = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Answer a question that waits for a named person."""
    body = {
        "question": question, "outcome": outcome, "ground": ground, "product": product,
        "reopen_trigger": reopen,
    }  # fmt: skip
    _post(case, "/decisions", body, who, wanted=json)


@app.command()
def risk(
    case: str,
    product: Annotated[str, typer.Option(help="The product.")],
    ground: Ground,
    band: Annotated[str | None, typer.Option(help="Default: confirm the proposed one.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Confirm or set the clinical risk band."""
    body = {"product": product, "band": band, "ground": ground}
    _post(case, "/risk", body, who, wanted=json)


@app.command()
def close(
    case: str,
    outcome: Annotated[str, typer.Option(help="resolved or not_affected.")],
    ground: Ground,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Close a case; refused while anything is open, naming it."""
    _post(case, "/close", {"outcome": outcome, "ground": ground}, who, wanted=json)


@app.command()
def reopen(case: str, ground: Ground, json: AsJson = False, who: As = None) -> None:
    """Open a closed case again."""
    _post(case, "/reopen", {"ground": ground}, who, wanted=json)


@measure.command()
def plan(
    case: str,
    kind: Annotated[str, typer.Option(help="patch, compensating_control, feature_disable, …")],
    category: Annotated[str, typer.Option(help="A, B, C or D.")],
    title: Annotated[str, typer.Option(help="Title.")],
    product: Annotated[list[str], typer.Option(help="Products; repeat for more.")],
    target_version: Annotated[str | None, typer.Option(help="Needed for a patch.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Plan a measure; another person approves it."""
    body = {
        "kind": kind, "category": category, "title": title, "products": product,
        "target_version": target_version,
    }  # fmt: skip
    _post(case, "/measures", body, who, wanted=json)


@measure.command("approve")
def approve_measure(
    case: str, name: str, ground: Ground, json: AsJson = False, who: As = None
) -> None:
    """Approve a measure that another person planned."""
    _post(case, f"/measures/{name}/approve", {"ground": ground}, who, wanted=json)


@measure.command()
def available(
    case: str,
    name: str,
    ground: Ground,
    at: Annotated[str | None, typer.Option(help="Instant with zone; default: now.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Record that users can have a measure: the CRA's 14 days run from it."""
    body = {"ground": ground, "available_at": at}
    _post(case, f"/measures/{name}/available", body, who, wanted=json)


@measure.command("pathway")
def pathway(
    case: str,
    name: str,
    product: Annotated[str, typer.Option(help="The product.")],
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show what a change raises in the US and the EU, before anybody signs it."""
    path = f"/v1/cases/{case}/measures/{name}/pathway"
    document(door(who).get("triage", path, product=product), json_wanted=json)


@evidence.command("add")
def add_evidence(
    case: str,
    gate: Annotated[str, typer.Option(help="risk_file, release_signed or rollback_exercised.")],
    name: Annotated[str, typer.Option("--measure", help="The measure.")],
    reference: Annotated[str, typer.Option(help="The proof's document id and revision.")],
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Digest this file.")
    ] = None,
    digest: Annotated[str | None, typer.Option(help="SHA-256, where there is no file.")] = None,
    product: ProductOption = None,
    release_digest: Annotated[str | None, typer.Option(help="For release_signed.")] = None,
    valid_until: Annotated[str | None, typer.Option(help="Default: as policy allows.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Record evidence for a gate; the file itself stays where it is."""
    body = {
        "gate": gate, "measure": name, "product": product, "reference": reference,
        "digest": digest_of(file, digest), "release_digest": release_digest,
        "valid_until": valid_until,
    }  # fmt: skip
    _post(case, "/evidence", body, who, wanted=json)


@evidence.command("revoke")
def revoke_evidence(
    case: str, name: str, ground: Ground, json: AsJson = False, who: As = None
) -> None:
    """Revoke evidence: waves that it let pass halt at once."""
    _post(case, f"/evidence/{name}/revoke", {"ground": ground}, who, wanted=json)
    if not json:
        out.print("waves that rested on it halt")

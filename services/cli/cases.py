"""Commands for cases: list, show, timeline, open, assess, decide, close."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from services.cli import case_evidence, case_measures, case_page
from services.cli.casework import post
from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.printing import as_json, document, listing, log_line, out, table
from services.cli.words import (
    As,
    AsJson,
    Case,
    CaseStatus,
    CloseAs,
    Exploitation,
    ForProduct,
    Ground,
    Harm,
    IncidentRegime,
    OfProduct,
    Reopen,
)

app = group("The file of each vulnerability, report or incident.")
app.add_typer(case_measures.app, name="measure")
app.add_typer(case_evidence.app, name="evidence")

COLUMNS = ["case", "status", "title", "identifiers", "products", "bearing", "kind", "opened_at"]
TIMELINE = ["time", "type", "actor", "summary"]
REVIEW = [
    "component", "reason", "findings", "vulnerabilities", "cases", "products", "versions",
    "unsupported", "support_ends_on", "some_vulnerabilities", "since",
]  # fmt: skip
AwareAt = Annotated[
    str | None,
    typer.Option(help="Instant with its zone: when certainty was reasonable, if exploited."),
]


@app.command()
def ls(
    status: Annotated[CaseStatus | None, typer.Option(help="Only this status.")] = None,
    product: OfProduct = None,
    identifier: Annotated[
        str | None, typer.Option(help="By a CVE, an alias or a tracking id.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List cases, the newest first."""
    rows = door(who).items(
        "triage", "/v1/cases", status=status, product=product, identifier=identifier
    )
    listing(rows, COLUMNS, json_wanted=json)


@app.command()
def show(case: Case, json: AsJson = False, who: As = None) -> None:
    """Show a case: risk, clocks, measures, gates, evidence, scope.

    Ends with what waits for whom, and with what keeps the case from closing, by outcome. Of gates
    it gives the last answers; --json has every one, and every field.
    """
    found = door(who).get("triage", f"/v1/cases/{part(case)}")
    if json:
        as_json(found)
        return
    case_page.show(found)


@app.command()
def timeline(case: Case, json: AsJson = False, who: As = None) -> None:
    """Show everything that happened in a case, in order, and who did it."""
    rows = door(who).items("triage", f"/v1/cases/{part(case)}/timeline")
    if json or not out.is_terminal:
        listing(rows, TIMELINE, json_wanted=json)
        return
    for row in rows:
        log_line(row["time"], row["type"], row["actor"] or row["service"], row["summary"])


@app.command()
def review(
    product: OfProduct = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List unknown verdicts by component and reason, and signals that wait for a finding."""
    opened = door(who)
    groups = list(opened.items("triage", "/v1/review", product=product, reason=reason))
    waits = opened.get("triage", "/v1/review", limit=1)["waiting_signals"]
    if json:
        as_json({"items": groups, "waiting_signals": waits})
        return
    table(groups, REVIEW)
    if waits:
        out.print()
        document({"signals_that_wait_for_a_finding": waits})


@app.command("open")
def open_(
    ground: Ground,
    identifier: Annotated[str | None, typer.Option(help="A CVE, an alias.")] = None,
    finding: Annotated[str | None, typer.Option(help="A finding of the review list.")] = None,
    title: Annotated[str | None, typer.Option(help="What was found, if it has no name.")] = None,
    summary: Annotated[str | None, typer.Option(help="More, without personal data.")] = None,
    product: Annotated[str | None, typer.Option(help="With --title: the product.")] = None,
    version: Annotated[str | None, typer.Option(help="With --title: its version.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Open a case by hand: give one of --identifier, --finding and --title."""
    body = {
        "identifier": identifier, "finding": finding, "title": title, "summary": summary,
        "product": product, "version": version, "ground": ground,
    }  # fmt: skip
    given = {name: value for name, value in body.items() if value is not None}
    document(door(who).post("triage", "/v1/cases", given), json_wanted=json)


@app.command()
def link(
    case: Case,
    identifier: Annotated[str, typer.Option(help="The CVE or alias it turned out to be.")],
    ground: Ground,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Link a report's case to an identifier: it joins that vulnerability's case."""
    _act(case, "/identifiers", {"identifier": identifier, "ground": ground}, who, wanted=json)


@app.command()
def assess(
    case: Case,
    product: ForProduct,
    verdict: Annotated[Exploitation, typer.Option(help="Was it exploited in this product?")],
    ground: Ground,
    aware_at: AwareAt = None,
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
    _act(case, "/assessments", body, who, wanted=json)


@app.command()
def incident(
    case: Case,
    product: ForProduct,
    regime: Annotated[IncidentRegime, typer.Option(help="Whose reporting duty.")],
    reportable: Annotated[bool, typer.Option("--reportable/--not-reportable", help="Your answer.")],
    harm: Annotated[Harm, typer.Option(help="Harm that it did or might have done.")],
    aware_at: Annotated[str, typer.Option(help="Instant with its zone: when you became aware.")],
    ground: Ground,
    report: Annotated[
        str | None,
        typer.Option(help="The incident or safety event it answers; all received so far without."),
    ] = None,
    reopen: Reopen = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Answer for one product and regime whether an incident is reportable."""
    body = {
        "product": product, "report": report, "regime": regime, "reportable": reportable,
        "harm": harm, "aware_at": aware_at, "ground": ground, "reopen_trigger": reopen,
    }  # fmt: skip
    _act(case, "/incident-assessments", body, who, wanted=json)


@app.command()
def decide(
    case: Case,
    question: Annotated[str, typer.Option(help="As `case show` lists it: us806.report, mdr.fsca.")],
    outcome: Annotated[str, typer.Option(help="One of the question's outcomes.")],
    ground: Ground,
    product: Annotated[str | None, typer.Option(help="For one product; default: for all.")] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="Instant with its zone: when what it answers happened, if a period runs from it."
        ),
    ] = None,
    reopen: Reopen = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Answer a question that waits for a named person."""
    body = {
        "question": question, "outcome": outcome, "ground": ground, "product": product,
        "reopen_trigger": reopen, "happened_at": at,
    }  # fmt: skip
    _act(case, "/decisions", body, who, wanted=json)


@app.command()
def risk(
    case: Case,
    product: ForProduct,
    ground: Ground,
    band: Annotated[str | None, typer.Option(help="Default: confirm the proposed one.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Confirm or set the clinical risk band."""
    _act(case, "/risk", {"product": product, "band": band, "ground": ground}, who, wanted=json)


@app.command()
def close(
    case: Case,
    outcome: Annotated[CloseAs, typer.Option(help="As what it closes.")],
    ground: Ground,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Close a case; refused while anything is open, naming each."""
    _act(case, "/close", {"outcome": outcome, "ground": ground}, who, wanted=json)


@app.command()
def reopen(case: Case, ground: Ground, json: AsJson = False, who: As = None) -> None:
    """Open a closed case again."""
    _act(case, "/reopen", {"ground": ground}, who, wanted=json)


def _act(case: str, path: str, body: Mapping[str, Any], who: str | None, *, wanted: bool) -> None:
    document(post(who, case, path, body), json_wanted=wanted)

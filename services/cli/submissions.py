"""Commands for documents: submit files, and see what became of each."""

import mimetypes
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from services.cli.door import Door, Exit, RefusedError, door
from services.cli.printing import As, AsJson, as_json, document, err, listing, out

app = typer.Typer()
submission = typer.Typer(help="What became of submitted documents.", no_args_is_help=True)

COLUMNS = ["submission", "status", "format", "document", "source", "reason", "mend"]
_MANY = 5


@app.command()
def submit(
    files: Annotated[list[Path], typer.Argument(exists=True, help="Files or folders.")],
    dry_run: Annotated[
        bool, typer.Option(help="Check only: say what each is, publish nothing.")
    ] = False,
    bulk: Annotated[
        bool, typer.Option("--bulk", help="Backfill: publish on the bulk lane.")
    ] = False,
    source: Annotated[str | None, typer.Option(help="Source to name; default: you.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Submit documents: advisories, SBOMs, products, devices, reports, statements."""
    lane = "bulk" if bulk else "urgent"
    send(files, dry_run=dry_run, lane=lane, source=source, json_wanted=json, who=who)


def send(
    files: Sequence[Path],
    *,
    dry_run: bool,
    lane: str,
    source: str | None,
    json_wanted: bool,
    who: str | None,
) -> None:
    """Submit files, print what became of each, and exit 1 if one was refused."""
    opened = door(who)
    paths = list(_files(files))
    answers: list[dict[str, Any]] = []
    with Progress(console=err, transient=True, disable=len(paths) < _MANY) as progress:
        task = progress.add_task("submitting", total=len(paths))
        for path in paths:
            answers.append(_one(opened, path, dry_run=dry_run, lane=lane, source=source))
            progress.advance(task)
    if json_wanted:
        as_json(answers)
    else:
        listing(answers, ["document", "status", "submission", "reason", "mend"], json_wanted=False)
        counts = Counter(answer["status"] for answer in answers)
        out.print(", ".join(f"{n} {status}" for status, n in sorted(counts.items())))
    if any(answer["status"] == "refused" for answer in answers):
        raise typer.Exit(Exit.REFUSED)


def _files(given: Sequence[Path]) -> Iterator[Path]:
    """Give files, those below folders in order of their names."""
    for path in given:
        if path.is_dir():
            yield from (each for each in sorted(path.rglob("*")) if each.is_file())
        else:
            yield path


def _one(
    opened: Door, path: Path, *, dry_run: bool, lane: str, source: str | None
) -> dict[str, Any]:
    """Submit one file; a refusal is an answer too, so that the others still go."""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    params = {
        "name": path.name, "source": source, "lane": lane,
        "dry_run": "true" if dry_run else None,
    }  # fmt: skip
    try:
        answer = opened.call(
            "intake", "POST", "/v1/submissions", content=path.read_bytes(), params=params,
            headers={"content-type": kind},
        )  # fmt: skip
    except RefusedError as error:
        if error.status is not Exit.REFUSED:
            raise
        return {
            "document": path.name,
            "status": "refused",
            "reason": str(error),
            "mend": error.mend,
        }
    return {"document": path.name, **answer.json()}


@submission.command()
def ls(
    status: Annotated[str | None, typer.Option(help="Only this status.")] = None,
    limit: Annotated[int, typer.Option(help="The most to list.")] = 100,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List submissions."""
    rows = door(who).get("intake", "/v1/submissions", status=status, limit=limit)["items"]
    listing(rows, COLUMNS, json_wanted=json)


@submission.command()
def show(name: str, json: AsJson = False, who: As = None) -> None:
    """Show what became of one submission."""
    document(door(who).get("intake", f"/v1/submissions/{name}"), json_wanted=json)

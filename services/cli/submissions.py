"""Commands for documents: submit files, and see what became of each."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from services.cli.door import Door, door, part
from services.cli.lazy import group
from services.cli.printing import as_json, clean, document, err, listing, out
from services.cli.refusal import Exit, RefusedError
from services.cli.words import As, AsJson, SubmissionStatus

submission = group("What became of submitted documents.")

COLUMNS = ["id", "status", "document", "format", "received_at", "source", "detail"]
_SENT = ["document", "status", "format", "detail", "id", "counts"]
_MANY = 5

Files = Annotated[
    list[Path], typer.Argument(exists=True, metavar="FILE", help="Files, or folders of files.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would become of each; publish nothing.")
]


@dataclass(frozen=True, slots=True)
class Manner:
    """How documents are submitted; `about` is what an SBOM belongs to, where it does not say."""

    dry_run: bool = False
    bulk: bool = False
    source: str | None = None
    about: Mapping[str, str | None] | None = None
    theirs: bool = False

    def params(self, name: str) -> dict[str, str | None]:
        """Give the query that goes with one document."""
        return {
            "name": name, "source": self.source, "lane": "bulk" if self.bulk else "urgent",
            "theirs": "true" if self.theirs else None,
            "dry_run": "true" if self.dry_run else None, **(self.about or {}),
        }  # fmt: skip


def submit(
    files: Files,
    dry_run: DryRun = False,
    bulk: Annotated[
        bool, typer.Option("--bulk", help="Backfill: let nothing urgent wait for it.")
    ] = False,
    source: Annotated[str | None, typer.Option(help="The source to name; default: you.")] = None,
    product: Annotated[str | None, typer.Option(help="The product that an SBOM is of.")] = None,
    version: Annotated[str | None, typer.Option(help="The product's version.")] = None,
    hardware: Annotated[str | None, typer.Option(help="Its hardware, if it matters.")] = None,
    theirs: Annotated[
        bool,
        typer.Option("--theirs", help="A supplier's VEX: their word, and no statement of yours."),
    ] = False,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Submit documents: advisories, SBOMs, products, devices, reports, statements.

    The format is found by looking at each document. Exits 1 when one of them was rejected; the
    others have gone all the same.
    """
    about = {"product": product, "version": version, "hardware": hardware}
    send(files, Manner(dry_run, bulk, source, about, theirs), who, json_wanted=json)


def send(files: Sequence[Path], manner: Manner, who: str | None, *, json_wanted: bool) -> None:
    """Submit files, print what became of each, and exit 1 if one was rejected."""
    opened = door(who)
    named = list(_named(files))
    answers: list[dict[str, Any]] = []
    try:
        _all(opened, named, manner, answers)
    finally:  # what went before something broke has gone, and is told all the same
        if answers:
            _tell(answers, manner, json_wanted=json_wanted)
    rejected = [answer for answer in answers if answer["status"] == "rejected"]
    for answer in rejected:
        _say(answer)
    if rejected:
        raise typer.Exit(Exit.REFUSED)


def _all(
    opened: Door,
    named: Sequence[tuple[str, Path]],
    manner: Manner,
    answers: list[dict[str, Any]],
) -> None:
    """Submit one file after the other; each answer is added to `answers`."""
    shows = len(named) >= _MANY
    with Progress(console=err, transient=err.is_terminal, disable=not shows) as progress:
        for name, path in progress.track(named, description="submitting"):
            answers.append(_one(opened, name, path, manner))


def _tell(answers: Sequence[dict[str, Any]], manner: Manner, *, json_wanted: bool) -> None:
    if json_wanted:
        as_json(answers)
    else:
        columns = [name for name in _SENT if name != "id" or not manner.dry_run]
        listing(answers, columns, json_wanted=False)
        counts = Counter(str(answer["status"]) for answer in answers)
        said = ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))
        out.print(f"dry run, nothing was sent: {said}" if manner.dry_run else said)


def _say(answer: Mapping[str, Any]) -> None:
    err.print(f"rejected: {clean(answer['document'])}")
    for fault in answer["faults"]:
        where = f"{fault['pointer']}: " if fault["pointer"] else ""
        err.print(f"  {where}{clean(fault['reason'])}")
        err.print(f"    mend: {fault['mend']}")


def _named(given: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Give each file with the name it is submitted under, those below folders in order."""
    for path in given:
        if path.is_dir():
            for each in sorted(path.rglob("*")):
                if each.is_file():
                    yield each.relative_to(path).as_posix(), each
        else:
            yield path.name, path


def _one(opened: Door, name: str, path: Path, manner: Manner) -> dict[str, Any]:
    """Submit one file; a refusal of it is an answer too, so that the others still go."""
    try:
        answer = opened.call(
            "intake", "POST", "/v1/submissions", content=path.read_bytes(),
            params=manner.params(name), headers={"content-type": "application/octet-stream"},
        )  # fmt: skip
    except OSError as error:
        raise RefusedError(Exit.USAGE, f"{path} cannot be read", error.strerror or "") from error
    except RefusedError as error:
        if error.status is not Exit.REFUSED:
            raise
        return _rejected(name, error, dry_run=manner.dry_run)
    return dict(answer.json())


def _rejected(name: str, error: RefusedError, *, dry_run: bool) -> dict[str, Any]:
    return {
        "id": error.instance.partition("/submissions/")[2] or None,
        "document": name,
        "status": "rejected",
        "detail": error.faults[0].reason,
        "faults": [
            {"pointer": fault.where or None, "reason": fault.reason, "mend": fault.mend}
            for fault in error.faults
        ],
        "dry_run": dry_run,
    }


@submission.command()
def ls(
    status: Annotated[SubmissionStatus | None, typer.Option(help="Only this status.")] = None,
    source: Annotated[str | None, typer.Option(help="Only of this source.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most to list.")] = 100,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List submissions, the newest first."""
    rows = door(who).items("intake", "/v1/submissions", status=status, source=source)
    listing(islice(rows, limit), COLUMNS, json_wanted=json)


@submission.command()
def show(
    name: Annotated[str, typer.Argument(metavar="SUBMISSION", help="Id, from `submit`.")],
    json: AsJson = False,
    who: As = None,
) -> None:
    """Show what became of one submission, with everything that was wrong with it."""
    document(door(who).get("intake", f"/v1/submissions/{part(name)}"), json_wanted=json)


@submission.command()
def original(
    name: Annotated[str, typer.Argument(metavar="SUBMISSION", help="Id, from `submit`.")],
    to: Annotated[Path, typer.Option(dir_okay=False, help="Write it to this file.")],
    json: AsJson = False,
    who: As = None,
) -> None:
    """Write a submitted document to a file, byte for byte as it was received."""
    opened = door(who)
    digest = opened.get("intake", f"/v1/submissions/{part(name)}")["digest"]
    content = opened.call("intake", "GET", f"/v1/originals/{digest}").content
    try:
        to.write_bytes(content)
    except OSError as error:
        raise RefusedError(Exit.USAGE, f"{to} cannot be written", error.strerror or "") from error
    document({"wrote": str(to), "bytes": len(content), "sha256": digest}, json_wanted=json)

"""The command `match`: one SBOM against advisory files, with no service running."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.progress import Progress

from deploy import cache
from services.cli.one_shot import collecting, documents, index, matching, report, sources
from services.cli.one_shot.canonical import Entry, Unread, entries, of_person, of_sbom, unread
from services.cli.one_shot.matching import Result
from services.cli.one_shot.severity import Severity
from services.cli.one_shot.sources import Moved
from services.cli.printing import as_json, clean, err, out, table
from services.cli.refusal import Exit, RefusedError
from services.cli.words import AsJson
from services.intake.formats.canonical import Advisories, Sbom

Level = Literal["unknown", "unscored", "low", "medium", "high", "critical"]

_COLUMNS = [
    "severity", "vulnerability", "component", "version", "verdict", "reason", "fixed_in",
    "exploited", "matcher",
]  # fmt: skip
_SHOWN = 5

OfSbom = Annotated[
    Path, typer.Option("--sbom", exists=True, dir_okay=False, help="The SBOM, in any format read.")
]
OfAdvisories = Annotated[
    list[Path],
    typer.Option(
        "--advisories", exists=True, metavar="PATH",
        help="File or folder (.json, .jsonl, .zip, .xz, .gz) in any advisory format; repeatable.",
    ),
]  # fmt: skip
MoreAdvisories = Annotated[
    list[Path] | None,
    typer.Argument(
        exists=True, metavar="PATH...", show_default=False,
        help="More of them: what a pattern such as --advisories cve/*.json comes to.",
    ),
]  # fmt: skip
OfVex = Annotated[
    list[Path] | None,
    typer.Option(
        "--vex", exists=True, dir_okay=False, metavar="FILE",
        help="Your own statements (OpenVEX, CSAF, CycloneDX): they outrank advisories; repeatable.",
    ),
]  # fmt: skip


def match(
    sbom: OfSbom,
    advisories: OfAdvisories,
    more: MoreAdvisories = None,
    vex: OfVex = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is not affected or fixed.")
    ] = False,
    fail_on: Annotated[
        Level, typer.Option("--fail-on", help="Exit 0 where nothing is at least so severe.")
    ] = "unknown",
    sarif: Annotated[
        bool, typer.Option("--sarif", help="Print SARIF 2.1.0, and nothing else, on stdout.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Match an SBOM against advisory files, by the fleet's rules and with no service running.

    The first run indexes the advisories into the cache; the next against the same files is fast.
    Exits 0 where nothing was found, else by the worst: 10 unknown, 11 affected and never scored,
    12 low, 13 medium, 14 high, 15 critical.
    """
    collecting.seldom()
    inventory = documents.sbom(sbom)
    statements = [*_inside(inventory), *(one for path in vex or () for one in _statements(path))]
    advisories = [*advisories, *(more or ())]
    files = sources.files(advisories)
    with _progress(files) as moved, closing(index.opened(files, cache.folder(), moved)) as found:
        bad = found.unread()
        _say_unread(bad, "advisory records")
        if found.records <= len(bad):
            raise _nothing_read(advisories)
        results = matching.match(
            inventory, found, statements, datetime.now(UTC), everything=everything
        )
        records = found.records
    if sarif:
        as_json(report.sarif(results, sbom))
    elif json:
        as_json([report.row(each) for each in results])
    else:
        _show(results)
        out.print(f"{len(inventory.components)} components, {records} advisory records: "
                  f"{_counted(results)}")  # fmt: skip
    worst = max((each.severity for each in results), default=Severity.NONE)
    if worst >= Severity[fail_on.upper()]:
        raise typer.Exit(worst)


def _nothing_read(advisories: Sequence[Path]) -> RefusedError:
    """Without an advisory there is no answer, and an empty one would look like safety."""
    return RefusedError(
        Exit.REFUSED,
        "no advisory was read, so nothing was matched",
        f"none is in {', '.join(each.as_posix() for each in advisories)}",
        "name files or folders that hold advisories as .json, .jsonl, .zip, .xz or .gz",
    )


def _statements(path: Path) -> Iterator[Entry]:
    document = documents.document(path)
    if not isinstance(document, Advisories):
        reason = f"it is a document of the format {document.format}"
        raise RefusedError(
            Exit.REFUSED, f"{path} states nothing", reason, "give OpenVEX, CSAF or CycloneDX VEX"
        )
    for statement in document.statements:
        yield from entries(statement, limit=of_person(statement.publisher or path.name))


def _inside(inventory: Sbom) -> Iterator[Entry]:
    """Give what the SBOM says of vulnerabilities in its own product, as its supplier's word."""
    _say_unread([unread("--sbom", each) for each in inventory.unread], "statements of the SBOM")
    if inventory.said:
        yield from entries(inventory.said, limit=of_sbom(*matching.product_of(inventory)))


@contextmanager
def _progress(files: Sequence[Path]) -> Iterator[Moved]:
    """Show on a terminal how much of the files has been read; in a pipe, nothing."""
    total = sum(each.stat().st_size for each in files)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("indexing advisories", total=total)
        yield lambda count: progress.advance(task, count)


def _show(results: Sequence[Result]) -> None:
    rows: list[dict[str, Any]] = [report.row(each) for each in results]
    table(rows, _COLUMNS)


def _counted(results: Sequence[Result]) -> str:
    verdicts = [each.decision.verdict.value for each in results]
    return ", ".join(f"{verdicts.count(each)} {each}" for each in sorted(set(verdicts))) or (
        "nothing bears on them"
    )


def _say_unread(bad: Sequence[Unread], what: str) -> None:
    """Say what could not be read: silence would look like safety."""
    if bad:
        err.print(f"{len(bad)} {what} could not be read:")
    for each in bad[:_SHOWN]:
        err.print(f"  {clean(each.where)}: {clean(each.reason)}")
        err.print(f"    mend: {each.mend}")
    if len(bad) > _SHOWN:
        err.print(f"  and {len(bad) - _SHOWN} more")

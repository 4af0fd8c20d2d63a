"""Commands on SBOMs: in files, with no service running, and in the registry of a fleet."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from services.cli import registry
from services.cli.lazy import group
from services.cli.one_shot import documents, sbom_report
from services.cli.printing import as_json, out
from services.cli.refusal import Exit, RefusedError
from services.cli.words import AsJson
from services.intake.formats.canonical import Sbom
from services.intake.formats.outgoing import channels, cyclonedx, spdx
from services.intake.formats.outgoing.written import Written
from services.sbom_matcher.domain.sboms import accuracy as accuracies
from services.sbom_matcher.domain.sboms import comparison, quality, support

app = group("SBOMs: in files, and in the registry of a running fleet.")

Format = Literal["cyclonedx-1.6", "spdx-2.3"]
Channel = Literal["regulatory", "customer", "internal"]

TARGET = 99.0
"""Percent of a build that its SBOM covers (article B, "SBOM accuracy rate")."""

_WRITERS: dict[str, Callable[[Sbom, datetime], Written]] = {
    "cyclonedx-1.6": cyclonedx.write, "spdx-2.3": spdx.write,
}  # fmt: skip

OfFile = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="An SBOM, any format.")
]


@app.callback()
def group_() -> None:
    """SBOMs: in files, and in the registry of a running fleet."""


@app.command()
def check(file: OfFile, json: AsJson = False) -> None:
    """Judge an SBOM by NTIA's minimum elements, FDA's two facts, and what can be matched.

    Names each component that lacks an element, what its graph does not resolve or reach, repeated
    references, and components whose support ends or has ended. Exits 1 where something is lacking.
    """
    sbom = documents.sbom(file)
    found = quality.judge(sbom_report.inventory(sbom))
    endings = support.endings(sbom.components, datetime.now(UTC).date())
    if json:
        as_json({
            "good": found.good,
            "format": sbom.format, "format_version": sbom.format_version,
            "product": sbom.subject.name, "version": sbom.subject.version,
            "components": found.components,
            "elements": [
                {**sbom_report.element(each), "lacking": [asdict(one) for one in each.lacking]}
                for each in found.elements
            ],
            "graph": {**asdict(found.graph), "flat": found.graph.flat},
            "repeated": found.repeated,
            "end_of_support": [asdict(each) for each in endings],
        })  # fmt: skip
    else:
        sbom_report.show(found, endings)
    if not found.good:
        raise typer.Exit(Exit.REFUSED)


@app.command()
def compare(
    before: Annotated[
        Path, typer.Argument(metavar="A", exists=True, dir_okay=False, help="The earlier SBOM.")
    ],
    after: Annotated[
        Path, typer.Argument(metavar="B", exists=True, dir_okay=False, help="The later SBOM.")
    ],
    json: AsJson = False,
) -> None:
    """Say which components were added, removed, or changed in version or identifiers.

    The two may have different formats. Exits 0 whether or not something changed.
    """
    found = comparison.compare(documents.sbom(before).components, documents.sbom(after).components)
    changes = {
        "added": sbom_report.named(found.added),
        "removed": sbom_report.named(found.removed),
        "changed_version": sbom_report.pairs(found.versions),
        "changed_identifiers": [
            {"name": b.name, "version": b.version, "before": sbom_report.identifiers(a),
             "after": sbom_report.identifiers(b)}
            for a, b in found.identifiers
        ],
        "unchanged": found.unchanged,
    }  # fmt: skip
    if json:
        as_json(changes)
    else:
        sbom_report.lists(changes)
        out.print(f"{found.unchanged} unchanged")


@app.command()
def accuracy(
    sbom: Annotated[
        Path, typer.Argument(metavar="SBOM", exists=True, dir_okay=False, help="The SBOM.")
    ],
    actual: Annotated[
        Path,
        typer.Argument(
            metavar="ACTUAL",
            exists=True,
            dir_okay=False,
            help="What the build contains: a lock file, a list of packages, or a second SBOM.",
        ),
    ],
    at_least: Annotated[
        float, typer.Option("--at-least", min=0, max=100, help="The percentage that is enough.")
    ] = TARGET,
    development: Annotated[
        bool, typer.Option("--development", help="Also packages that are for development only.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Measure how much of what a build contains is in an SBOM, in the same version.

    Names what is missing, what the build does not contain, and what has another version. Exits 1
    where the rate is below --at-least.
    """  # fmt: skip
    found = accuracies.measure(
        documents.sbom(sbom).components, documents.packages(actual, development=development)
    )
    enough = found.rate >= at_least
    said = {
        "rate": found.rate, "at_least": at_least, "enough": enough,
        "actual": found.actual, "covered": found.covered,
        "missing": sbom_report.named(found.missing), "extra": sbom_report.named(found.extra),
        "other_version": sbom_report.pairs(found.other_version),
    }  # fmt: skip
    if json:
        as_json(said)
    else:
        sbom_report.lists(said)
        out.print(
            f"{found.covered} of {found.actual} packages of the build are in the SBOM: "
            f"{found.rate:.2f} %, {at_least:g} % {'reached' if enough else 'not reached'}"
        )
    if not enough:
        raise typer.Exit(Exit.REFUSED)


@app.command()
def write(
    file: OfFile,
    format_: Annotated[Format, typer.Option("--format", help="The format to write.")],
    channel: Annotated[Channel, typer.Option(help="Whom it is for; decides what it holds.")],
    author: Annotated[
        str | None,
        typer.Option(
            help="The organisation that answers for the SBOM, where it names another.",
            metavar="NAME",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", dir_okay=False, help="Where to write it; else stdout."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Write an SBOM for one of three channels, each with its own rule of what it holds.

    What the channel's reader asks for and the SBOM lacks is named on stderr, and so is what the
    format has no place for; it is written all the same. Exits 1 where something asked is lacking.
    """
    rule = channels.known()[channel]
    cut = channels.cut(documents.sbom(file), rule)
    if author:
        cut = replace(cut, origin=cut.origin.by(author))
    written = _WRITERS[format_](cut, datetime.now(UTC))
    lacks = [each for each in sbom_report.asked(cut, rule) if not each.met]
    if output is None and json:
        raise RefusedError(
            Exit.USAGE, "the SBOM itself would go to stdout", "--json prints what was written",
            "name a file with -o",
        )  # fmt: skip
    if output is None:
        out.file.write(written.text())
    else:
        registry.save(output, written.text().encode())
    if json:
        as_json({
            "file": str(output), "format": format_, "channel": channel, "source": rule.source,
            "components": len(cut.components),
            "lacks": [sbom_report.element(each) for each in lacks],
            "left_out": written.left_out,
        })  # fmt: skip
    else:
        sbom_report.warn(written.left_out, lacks)
    if lacks:
        raise typer.Exit(Exit.REFUSED)


for _name, _command in registry.COMMANDS.items():
    app.command(_name)(_command)

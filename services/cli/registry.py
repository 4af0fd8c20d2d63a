"""Commands on the registry of SBOMs of a running fleet: revisions, documents out, reviews."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from services.cli.door import Door, door, part
from services.cli.one_shot import sbom_report
from services.cli.printing import as_json, document, listing, out
from services.cli.refusal import Exit, RefusedError
from services.cli.words import As, AsJson, OfProduct
from services.intake.formats import sniff
from services.intake.formats.canonical import Sbom
from services.intake.formats.outgoing import channels
from services.sbom_matcher.domain.sboms.quality import Element

Channel = Literal["regulatory", "customer", "internal"]
OutFormat = Literal["cyclonedx-1.6", "spdx-2.3", "original"]

COLUMNS = [
    "product", "version", "hardware", "revision", "latest", "components", "depth", "flat",
    "unresolved", "unmatchable", "due", "complete", "registered_at", "submitted_by", "format",
    "format_version", "size", "sha256",
]  # fmt: skip
_ACCESS = [
    "at", "recipient", "product", "version", "hardware", "revision", "channel", "format",
    "handed_by", "sha256", "size", "id",
]  # fmt: skip
_REVIEW = [
    "reviewed_at", "product", "version", "hardware", "revision", "complete", "reviewed_by", "note",
]  # fmt: skip
_KEY = ("product", "version", "hardware", "revision")
_REFERENCE = re.compile(r"(?P<product>.+)@(?P<version>[^@]+?)(?:#(?P<revision>[1-9]\d{0,8}))?")

OfVersion = Annotated[str | None, typer.Option("--version", help="Limit to one version.")]
Hardware = Annotated[
    str, typer.Option("--hardware", help="Its hardware configuration; else the one for any.")
]
Reference = Annotated[
    str,
    typer.Argument(
        metavar="SBOM", help="PRODUCT@VERSION, with #N for a revision; else the latest."
    ),
]
Most = Annotated[int, typer.Option("--limit", min=1, help="The most to list.")]


@dataclass(frozen=True, slots=True)
class _Asked:
    """An SBOM as a person refers to it."""

    product: str
    version: str
    revision: int | None


def ls(
    product: OfProduct = None,
    version: OfVersion = None,
    hardware: Annotated[
        str | None, typer.Option("--hardware", help="Limit to one hardware configuration.")
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List every revision of the SBOMs in the registry, with its quality and what is due.

    Flat: transitive dependencies are not in it. Quality follows a moment after registration.
    """
    opened = door(who)
    asked = {"product": product, "version": version, "hardware": hardware}
    graded = {_key(row): row for row in opened.items("sbom-matcher", "/v1/sbom-revisions", **asked)}
    rows = opened.items("intake", "/v1/sboms", **asked)
    listing(({**graded.get(_key(row), {}), **row} for row in rows), COLUMNS, json_wanted=json)


def show(sbom: Reference, hardware: Hardware = "", json: AsJson = False, who: As = None) -> None:
    """Judge one revision in full: each component that lacks an element is named."""
    asked = _asked(sbom)
    found = door(who).get(
        "sbom-matcher", "/v1/sbom-quality", product=asked.product, version=asked.version,
        hardware=hardware, revision=asked.revision,
    )  # fmt: skip
    if json:
        as_json(found)
        return
    short = [
        {**each, "lacking": [one["name"] for one in each["lacking"]]} for each in found["elements"]
    ]
    document({**found, "elements": short})


def diff(
    before: Reference,
    after: Reference,
    hardware: Hardware = "",
    to_hardware: Annotated[
        str | None,
        typer.Option("--to-hardware", help="The second one's hardware configuration, if another."),
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Say what differs between two revisions in the registry, of one version or of two."""
    first, second = _asked(before), _asked(after)
    found = door(who).get(
        "sbom-matcher", "/v1/sbom-comparison", product=first.product, version=first.version,
        hardware=hardware, revision=first.revision, to_product=second.product,
        to_version=second.version, to_hardware=to_hardware, to_revision=second.revision,
    )  # fmt: skip
    if json:
        as_json(found)
        return
    kept = ("name", "version", "group", "purl")
    said = {
        name: [{field: each[field] for field in kept} for each in found[name]]
        for name in ("added", "removed")
    } | {
        "changed_version": [
            {
                "name": each["after"]["name"], "before": each["before"]["version"],
                "after": each["after"]["version"], "purl": each["after"]["purl"],
            }
            for each in found["changed_version"]
        ],
        "changed_identifiers": [
            {
                "name": each["after"]["name"], "before": each["before"]["purl"],
                "after": each["after"]["purl"],
            }
            for each in found["changed_identifiers"]
        ],
    }  # fmt: skip
    sbom_report.lists(said)
    out.print(f"revision {found['before']} to {found['after']}: {found['unchanged']} unchanged")


def get(
    sbom: Reference,
    channel: Annotated[Channel, typer.Option(help="Whom it is for; decides what it holds.")],
    format_: Annotated[OutFormat, typer.Option("--format", help="The format to write.")],
    recipient: Annotated[
        str, typer.Option("--for", metavar="NAME", help="Who gets it; it is recorded.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", dir_okay=False, help="Where to write it.")
    ],
    hardware: Hardware = "",
    author: Annotated[
        str | None,
        typer.Option(help="The organisation that answers for the SBOM.", metavar="NAME"),
    ] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    """Hand out a revision for a channel, on record: who got it, for whom, when and which bytes.

    `--format original` is the document as received, by the channel internal. Exits 1 where the
    channel's reader asks for what the SBOM lacks, which is named on stderr; it is handed out.
    """  # fmt: skip
    asked, opened = _asked(sbom), door(who)
    answer = opened.call("intake", "POST", "/v1/sbom-documents", body={
        "product": asked.product, "version": asked.version, "hardware": hardware,
        "revision": asked.revision, "channel": channel, "format": format_,
        "recipient": recipient, "author": author,
    })  # fmt: skip
    save(output, answer.content)
    record = opened.get("intake", answer.headers["location"])
    lacks = _lacks(answer.content, channel) if format_ != "original" else []
    if json:
        as_json({
            "file": str(output), **record, "lacks": [sbom_report.element(each) for each in lacks],
        })  # fmt: skip
    else:
        shown = ("id", *_KEY, "channel", "format", "recipient", "size", "sha256")
        document({"wrote": str(output), **{name: record[name] for name in shown}})
        sbom_report.warn(record["left_out"], lacks)
    if lacks:
        raise typer.Exit(Exit.REFUSED)


def accesses(
    product: OfProduct = None,
    version: OfVersion = None,
    channel: Annotated[Channel | None, typer.Option(help="Limit to one channel.")] = None,
    recipient: Annotated[
        str | None, typer.Option("--for", metavar="NAME", help="Limit to one recipient.")
    ] = None,
    limit: Most = 100,
    json: AsJson = False,
    who: As = None,
) -> None:
    """List who got which SBOM revision, by which channel and for whom, the newest first."""
    rows = door(who).items(
        "intake", "/v1/sbom-accesses", product=product, version=version, channel=channel,
        recipient=recipient,
    )  # fmt: skip
    listing(islice(rows, limit), _ACCESS, json_wanted=json)


def device(
    name: Annotated[str, typer.Argument(metavar="DEVICE", help="Id, from `device ls`.")],
    json: AsJson = False,
    who: As = None,
) -> None:
    """Say which SBOM a device runs: that of its hardware configuration, else that for any.

    The version is what the device attested last, else what it is registered with. Exits 1 where
    no SBOM is registered for it.
    """
    opened = door(who)
    runs = opened.get("deployment-tracker", f"/v1/devices/{part(name)}")
    found = _running(opened, runs)
    said = {**runs, "fit": found["fit"], "sbom": found["sbom"]}
    if json:
        as_json(said)
    else:
        document(said)
    if found["sbom"] is None:
        raise typer.Exit(Exit.REFUSED)


def review(
    sbom: Reference,
    complete: Annotated[
        bool, typer.Option("--complete/--incomplete", help="What you found.", show_default=False)
    ],
    note: Annotated[str, typer.Option(help="What you found, in words; it goes into the record.")],
    hardware: Hardware = "",
    json: AsJson = False,
    who: As = None,
) -> None:
    """Record that you reviewed whether an SBOM is complete; it meets what is due of it."""
    asked = _asked(sbom)
    body = {
        "product": asked.product, "version": asked.version, "hardware": hardware,
        "revision": asked.revision, "complete": complete, "note": note,
    }  # fmt: skip
    document(door(who).post("sbom-matcher", "/v1/sbom-reviews", body), json_wanted=json)


def reviews(
    product: OfProduct = None, limit: Most = 100, json: AsJson = False, who: As = None
) -> None:
    """List who reviewed which SBOM and what they found, the newest first."""
    rows = door(who).items("sbom-matcher", "/v1/sbom-reviews", product=product)
    listing(islice(rows, limit), _REVIEW, json_wanted=json)


COMMANDS: Mapping[str, Callable[..., None]] = {
    "ls": ls, "show": show, "diff": diff, "get": get, "accesses": accesses, "device": device,
    "review": review, "reviews": reviews,
}  # fmt: skip
"""The commands by name, as `patchvigil sbom` has them beside those on files."""


def save(path: Path, content: bytes) -> None:
    """Write a document to a file.

    Raises:
        RefusedError: it cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        reason = error.strerror or ""
        raise RefusedError(Exit.USAGE, f"{path} cannot be written", reason) from error


def _asked(text: str) -> _Asked:
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise RefusedError(
            Exit.USAGE, f"{text!r} names no SBOM", "it is not PRODUCT@VERSION or PRODUCT@VERSION#N",
            "take product, version and revision from `patchvigil sbom ls`",
        )  # fmt: skip
    number = found["revision"]
    return _Asked(found["product"], found["version"], int(number) if number else None)


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEY)


def _running(opened: Door, runs: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = opened.get(
        "intake", "/v1/sboms/running", product=runs["product"], version=runs["version"],
        hardware=runs["hardware"],
    )  # fmt: skip
    return found


def _lacks(content: bytes, channel: Channel) -> list[Element]:
    found = sniff.read(content)
    if not isinstance(found, Sbom):
        raise TypeError(f"intake handed out a document of the format {found.format}")
    rule = channels.known()[channel]
    return [each for each in sbom_report.asked(found, rule) if not each.met]

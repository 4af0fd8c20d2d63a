"""Commands that order versions as the matcher does; they need no service."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from services.cli.lazy import group
from services.cli.printing import as_json, clean, document, err, out
from services.cli.refusal import Exit, RefusedError
from services.cli.words import AsJson
from services.sbom_matcher.domain import versions
from services.sbom_matcher.domain.versions import NoKey

app = group("The order of versions, in every ecosystem.")

SHOWN = 20
"""Lines of a file that are named on stderr, of those that are wrong or have no key."""

WIDE = 80
"""Characters of a version that are printed."""

_SIGNS = ("<", "=", ">")
_PARTS = 3
_COMMENTS = ("# ", "// ")


@dataclass(frozen=True, slots=True)
class Tally:
    """What checking a file found; `per_second` counts lines, keying both versions included."""

    total: int
    wrong: int
    errors: int
    per_second: int


@app.callback()
def group_() -> None:
    """The order of versions, in every ecosystem."""


@app.command()
def compare(
    ecosystem: Annotated[
        str, typer.Argument(metavar="ECOSYSTEM", help="Such as npm, debian, maven, or a purl type.")
    ],
    one: Annotated[str, typer.Argument(metavar="A", help="A version.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Another version.")],
    json: AsJson = False,
) -> None:
    """Print <, = or >, as the first version stands to the second.

    Exits 1 where one of them has no order, with the reason on stderr.
    """
    scheme = _scheme(ecosystem)
    keys: list[bytes] = []
    for version in (one, other):
        found = versions.key(scheme, version)
        if isinstance(found, NoKey):
            raise RefusedError(
                Exit.REFUSED, f"{_short(version)!r} has no order in {scheme}", found.reason,
                "write it as the ecosystem does, or name another ecosystem",
            )  # fmt: skip
        keys.append(found)
    sign = _sign(*keys)
    if json:
        as_json({"ecosystem": scheme, "a": one, "b": other, "order": sign})
    else:
        out.print(sign)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Lines of `A < B`, with <, = or >.")],
    ecosystem: Annotated[str, typer.Option(help="The ecosystem of all of its versions.")],
    json: AsJson = False,
) -> None:
    """Hold a file of comparisons against the order of keys; exits 1 where a line fails.

    Lines that begin with `# ` or `// ` are comments. An error is a line in which a version has no
    key. Lines that fail are named on stderr.
    """
    scheme = _scheme(ecosystem)
    failed: list[str] = []
    total = wrong = errors = 0
    began = perf_counter()
    for one, sign, other in _comparisons(file):
        total += 1
        a, b = versions.key(scheme, one), versions.key(scheme, other)
        if isinstance(a, NoKey) or isinstance(b, NoKey):
            errors += 1
            failed.append(f"{_short(one)} {sign} {_short(other)}: no key, {_reason(a, b)}")
        elif (found := _sign(a, b)) != sign:
            wrong += 1
            failed.append(f"{_short(one)} {sign} {_short(other)}: found {found}")
    seconds = perf_counter() - began
    tally = asdict(Tally(total, wrong, errors, round(total / seconds)))
    document(tally, json_wanted=json)
    for line in failed[:SHOWN]:
        err.print(line)
    if len(failed) > SHOWN:
        err.print(f"and {len(failed) - SHOWN} more")
    if failed:
        raise typer.Exit(Exit.REFUSED)


def _scheme(ecosystem: str) -> str:
    known = ecosystem.lower()
    if known not in versions.SCHEMES and known not in versions.ALIASES:
        raise RefusedError(
            Exit.USAGE, f"no ecosystem {ecosystem!r}", "versions are ordered in some only",
            f"name one of {', '.join(sorted({*versions.SCHEMES, *versions.ALIASES}))}",
        )  # fmt: skip
    return versions.scheme_of(known)


def _sign(a: bytes, b: bytes) -> str:
    return _SIGNS[(a > b) - (a < b) + 1]


def _short(text: str) -> str:
    """Write what is in a file so that a terminal shows it and obeys nothing in it."""
    return clean(text if len(text) <= WIDE else f"{text[:WIDE]}…")


def _reason(a: bytes | NoKey, b: bytes | NoKey) -> str:
    return ", ".join(dict.fromkeys(each.reason for each in (a, b) if isinstance(each, NoKey)))


def _comparisons(file: Path) -> Iterator[tuple[str, str, str]]:
    """Read a file's lines.

    Raises:
        RefusedError: it cannot be read, or a line is no comparison.
    """
    try:
        with file.open(encoding="utf-8") as lines:
            for place, line in enumerate(lines, 1):
                if not line.strip() or line.startswith(_COMMENTS):
                    continue
                parts = line.split()
                if len(parts) != _PARTS or parts[1] not in _SIGNS:
                    raise RefusedError(
                        Exit.USAGE, f"{file}, line {place} is no comparison", _short(line.strip()),
                        "write a version, <, = or >, and a version, with blanks between them",
                    )  # fmt: skip
                yield parts[0], parts[1], parts[2]
    except (OSError, UnicodeDecodeError) as error:
        reason = str(getattr(error, "strerror", None) or error)
        raise RefusedError(
            Exit.USAGE, f"{file} cannot be read", reason, "name a text file in UTF-8"
        ) from error

"""Reads OSV records (OSV schema 1.x): packages by purl, events, version lists, aliases."""

from collections.abc import Callable, Iterator
from typing import Any

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError

from schemas.advisories import Assertion, Range, Score, Status, Target, TargetKind, Vulnerability
from services.intake.formats import distributions, limits, purls, version_text
from services.intake.formats.canonical import Statement
from services.intake.formats.error import FormatError
from services.intake.formats.shape import Node, child, instant, items, needed, text, texts

_MAX_VERSIONS = 5000
_CVSS: dict[str, Callable[[str], Any]] = {"CVSS_V2": CVSS2, "CVSS_V3": CVSS3, "CVSS_V4": CVSS4}


def parse(record: Node) -> Statement:
    """Read one OSV record.

    Raises:
        FormatError: the id is missing or a field has the wrong type.
    """
    identifier = needed(record, "id", "")
    withdrawn_at = instant(record, "withdrawn", "")
    published_at = instant(record, "published", "")
    asserter = "osv"
    vulnerability = Vulnerability(
        id=identifier,
        aliases=tuple(a for a in dict.fromkeys(texts(record, "aliases", "")) if a != identifier),
        title=text(record, "summary", ""),
        description=text(record, "details", ""),
        scores=tuple(_scores(record, asserter)),
        assertions=limits.claims(
            (
                claim
                for at, entry in items(record, "affected", "")
                for claim in _assertions(entry, at, asserter)
            ),
            "/affected",
        ),
        published_at=published_at,
        withdrawn_at=withdrawn_at,
    )
    return Statement(
        advisory=f"osv/{identifier}",
        source="osv",
        vulnerabilities=(vulnerability,),
        title=vulnerability.title,
        publisher=identifier.partition("-")[0],
        url=f"https://osv.dev/vulnerability/{identifier}",
        published_at=published_at,
        modified_at=instant(record, "modified", ""),
        modified_in="/modified",
        withdrawn="withdrawn by its source" if withdrawn_at else None,
        withdrawn_at=withdrawn_at,
    )


def _scores(record: Node, asserter: str) -> Iterator[Score]:
    """The vectors a record states, with the base score that follows from each (FIRST, CVSS)."""
    for at, severity in items(record, "severity", ""):
        vector = text(severity, "score", at)
        make = _CVSS.get(text(severity, "type", at) or "")
        if make is None or vector is None:
            continue
        try:
            base = float(make(vector).base_score)
        except CVSSError:
            continue  # a vector that does not compute is no score; the advisory still counts
        version = vector[5:8] if vector.startswith("CVSS:") else "2.0"
        yield Score(asserter=asserter, version=version, vector=vector, base=base)


def _assertions(entry: Node, at: str, asserter: str) -> Iterator[Assertion]:
    package, where = child(entry, "package", at), f"{at}/package"
    written = text(package, "ecosystem", where) or ""
    ecosystem = written.partition(":")[0]
    name = text(package, "name", where)
    purl = text(package, "purl", where)
    purl = distributions.target(written, name, purl) or purl
    if not purl and name and ecosystem in purls.ECOSYSTEMS:
        purl = purls.of(purls.ECOSYSTEMS[ecosystem], name)
    scheme = purls.ECOSYSTEMS.get(ecosystem) or distributions.scheme(written)
    ranges, semver = _ranges(entry, at)
    scheme = "semver" if semver and scheme is None else scheme
    if purl and purl.startswith("pkg:"):
        target = Target(
            kind=TargetKind.PURL, purl=purls.unversioned(purl), product=name, ecosystem=scheme
        )
    else:
        target = Target(
            kind=TargetKind.NAME,
            vendor=ecosystem or None,
            product=name or _repository(entry, at),
            ecosystem=scheme,
        )
    yield Assertion(asserter=asserter, target=target, status=Status.AFFECTED, ranges=ranges)


def _repository(entry: Node, at: str) -> str:
    for where, each in items(entry, "ranges", at):
        if repository := text(each, "repo", where):
            return repository
    return "n/a"


def _ranges(entry: Node, at: str) -> tuple[tuple[Range, ...], bool]:
    """The ranges of an entry, and whether they are semantic versions.

    Commits have no order without their repository: GIT ranges count only where nothing else says
    which versions are meant, and then as unparsed.
    """
    ordered: list[Range] = []
    commits: list[Range] = []
    semver = False
    for where, each in items(entry, "ranges", at):
        kind = needed(each, "type", where)
        if kind == "GIT":
            shown = f"commits of {text(each, 'repo', where) or 'an unnamed repository'}"
            commits.append(version_text.unparsed(shown, "git commits have no order"))
        elif kind in {"SEMVER", "ECOSYSTEM"}:
            semver = semver or kind == "SEMVER"
            ordered.extend(limits.ranges(_events(each, where), where))
        else:
            raise FormatError(
                "unknown_range",
                f"range type {kind[:20]!r} is not read",
                "use SEMVER, ECOSYSTEM or GIT",
                f"{where}/type",
            )
    versions = texts(entry, "versions", at)
    if versions and len(versions) <= _MAX_VERSIONS:
        ordered.append(Range(exact=tuple(dict.fromkeys(versions))))
    elif versions and not ordered:
        ordered.append(version_text.unparsed(versions[0], f"a list of {len(versions)} versions"))
    return tuple(ordered or commits), semver


def _events(each: Node, at: str) -> Iterator[Range]:
    """Turn events into ranges: an introduction opens one; a fix, or a last version, closes it."""
    opened: str | None = None
    is_open = closed_any = False
    for where, event in items(each, "events", at):
        introduced = text(event, "introduced", where)
        fixed, last = text(event, "fixed", where), text(event, "last_affected", where)
        if introduced is not None:
            if is_open:
                yield Range(introduced=opened)
            opened, is_open = (None if introduced == "0" else introduced), True
        elif fixed or last:
            yield Range(introduced=opened if is_open else None, fixed=fixed, last_affected=last)
            opened, is_open, closed_any = None, False, True
    if is_open:
        yield Range(introduced=opened)
    elif not closed_any:
        yield version_text.unparsed("events", "the range has no introduction and no fix")

"""Reads CVE records (CVE JSON 5.x): each container is an asserter of its own.

The CNA's and each ADP's claims are kept apart because they contradict each other in practice (an
ADP's `5.64` for the CNA's 5.6.4). CISA's ADP container also carries SSVC decision points and KEV
entries, which are evidence of exploitation.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from schemas.advisories import Assertion, Vulnerability
from schemas.signals import SignalSource
from services.intake.formats import cve_affected, cve_applicability, limits, scores
from services.intake.formats.canonical import Evidence, Statement
from services.intake.formats.error import FormatError
from services.intake.formats.shape import Node, child, instant, items, needed, text

CVE_ID = re.compile(r"^CVE-\d{4}-\d{4,19}$")
KEV_REPORTER = "cisa-kev"
"""CISA's catalogue, as a reporter, whether it speaks for itself or through an ADP container."""


def parse(record: Node) -> Statement:
    """Read one CVE record.

    Raises:
        FormatError: not a CVE record in version 5, or a field has the wrong type.
    """
    if not (version := needed(record, "dataVersion", "")).startswith("5."):
        raise FormatError(
            "unknown_version",
            f"CVE JSON {version[:20]} is not read",
            "convert it to CVE JSON 5",
            "/dataVersion",
        )
    meta = child(record, "cveMetadata", "")
    identifier = needed(meta, "cveId", "/cveMetadata")
    if not CVE_ID.match(identifier):
        raise FormatError(
            "bad_identifier",
            f"{identifier[:40]!r} is no CVE id",
            "write CVE-YYYY-NNNN",
            "/cveMetadata/cveId",
        )
    state = needed(meta, "state", "/cveMetadata")
    if state == "REJECTED":
        return _rejected(record, meta, identifier)
    if state != "PUBLISHED":
        raise FormatError(
            "unknown_state",
            f"state {state[:20]!r} is not published",
            "send it once it is published",
            "/cveMetadata/state",
        )
    return _published(record, meta, identifier)


def _rejected(record: Node, meta: Node, identifier: str) -> Statement:
    cna = child(child(record, "containers", ""), "cna", "/containers")
    reason = _english(cna, "rejectedReasons", "/containers/cna") or "rejected by its CNA"
    rejected_at = instant(meta, "dateRejected", "/cveMetadata")
    updated_at = instant(meta, "dateUpdated", "/cveMetadata")
    return Statement(
        advisory=f"cve/{identifier}",
        source="cve",
        vulnerabilities=(Vulnerability(id=identifier),),
        withdrawn=reason,
        withdrawn_at=rejected_at or updated_at,
        modified_at=updated_at,
        modified_in="/cveMetadata/dateUpdated",
    )


def _published(record: Node, meta: Node, identifier: str) -> Statement:
    containers = child(record, "containers", "")
    if not isinstance(containers.get("cna"), dict):
        raise FormatError(
            "missing",
            "a published record has no cna container",
            "send the whole record",
            "/containers/cna",
        )
    cna = child(containers, "cna", "/containers")
    owner = _short_name(cna, "/containers/cna") or text(meta, "assignerShortName", "/cveMetadata")
    parts = [("/containers/cna", cna, owner or "cna")]
    for at, container in items(containers, "adp", "/containers"):
        parts.append((at, container, f"adp:{_short_name(container, at) or 'unnamed'}"))
    modified_at, modified_in = _modified(meta, parts)
    published_at = instant(meta, "datePublished", "/cveMetadata")
    vulnerability = Vulnerability(
        id=identifier,
        title=text(cna, "title", "/containers/cna"),
        description=_english(cna, "descriptions", "/containers/cna"),
        scores=tuple(
            score
            for at, container, asserter in parts
            for _, metric in items(container, "metrics", at)
            for score in scores.found(metric, asserter)
        ),
        weaknesses=_weaknesses(parts),
        assertions=limits.claims(
            (claim for part in parts for claim in _claims(*part)), "/containers"
        ),
        published_at=published_at,
    )
    return Statement(
        advisory=f"cve/{identifier}",
        source="cve",
        vulnerabilities=(vulnerability,),
        title=vulnerability.title,
        publisher=owner,
        url=f"https://www.cve.org/CVERecord?id={identifier}",
        published_at=published_at,
        modified_at=modified_at,
        modified_in=modified_in,
        evidence=tuple(e for part in parts for e in _evidence(*part, identifier)),
    )


def _modified(
    meta: Node, parts: Sequence[tuple[str, Node, str]]
) -> tuple[datetime | None, str | None]:
    """The newest date of a change, the record's own or a container's, and where it stands."""
    places = [("/cveMetadata", meta)]
    places += [(f"{at}/providerMetadata", child(c, "providerMetadata", at)) for at, c, _ in parts]
    stated = [(instant(node, "dateUpdated", at), f"{at}/dateUpdated") for at, node in places]
    dated = [(moment, at) for moment, at in stated if moment is not None]
    return max(dated, key=lambda each: each[0], default=(None, None))


def _claims(at: str, container: Node, asserter: str) -> Iterator[Assertion]:
    """A container's claims: by its list of products, and by its applicability statements."""
    yield from cve_affected.assertions(at, container, asserter)
    yield from cve_applicability.assertions(at, container, asserter)


def _short_name(container: Node, at: str) -> str | None:
    return text(child(container, "providerMetadata", at), "shortName", f"{at}/providerMetadata")


def _english(parent: Node, key: str, at: str) -> str | None:
    fallback = None
    for where, each in items(parent, key, at):
        value = text(each, "value", where)
        if (text(each, "lang", where) or "en").lower().startswith("en") and value:
            return value
        fallback = fallback or value
    return fallback


def _weaknesses(parts: list[tuple[str, Node, str]]) -> tuple[str, ...]:
    found = {
        weakness: None
        for at, container, _ in parts
        for where, kind in items(container, "problemTypes", at)
        for inner, description in items(kind, "descriptions", where)
        if (weakness := text(description, "cweId", inner))
    }
    return tuple(found)


def _evidence(at: str, container: Node, asserter: str, identifier: str) -> Iterator[Evidence]:
    for where, metric in items(container, "metrics", at):
        other = child(metric, "other", where)
        kind = text(other, "type", f"{where}/other")
        if kind == "ssvc":
            content, inner = child(other, "content", f"{where}/other"), f"{where}/other/content"
            if _is_active(content, inner):
                yield Evidence(
                    SignalSource.SSVC,
                    identifier,
                    asserter.removeprefix("adp:"),
                    instant(content, "timestamp", inner),
                    "SSVC exploitation: active",
                )
        elif kind == "kev":
            content, inner = child(other, "content", f"{where}/other"), f"{where}/other/content"
            yield Evidence(
                SignalSource.KEV,
                identifier,
                KEV_REPORTER,
                _day(content, "dateAdded", inner),
                "listed as known exploited",
            )


def _is_active(content: Node, at: str) -> bool:
    return any(
        str(option.get("Exploitation", "")).lower() == "active"
        for _, option in items(content, "options", at)
    )


def _day(parent: Node, key: str, at: str) -> datetime | None:
    found = instant(parent, key, at)
    return found.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC) if found else None

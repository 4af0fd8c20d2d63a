"""Reads OpenVEX documents: suppliers or our analysts state whether products are affected.

OpenVEX 0.2.0. A product is named by purl or CPE, or as one of ours by
`urn:patchvigil:product:<id>` with an optional `@<version>` after it; subcomponents say which
component is meant, and only inside that product. `patchvigil:expires_at`, of the document or of a
statement, says when it lapses. Who states it is decided by intake, not by the document.
"""

from collections.abc import Iterator
from datetime import datetime

from schemas.advisories import Assertion, Platform, Range, Status, Target, Vulnerability
from schemas.vex import EXPIRES, JUSTIFICATIONS
from services.intake.formats import limits, named
from services.intake.formats.canonical import Statement
from services.intake.formats.error import FormatError
from services.intake.formats.named import Limit
from services.intake.formats.shape import Node, child, instant, items, needed, text, texts


def parse(document: Node) -> Statement:
    """Read one OpenVEX document.

    Raises:
        FormatError: a mandatory field is missing, a status or identifier is not known.
    """
    identifier, author = needed(document, "@id", ""), needed(document, "author", "")
    grouped: dict[str, list[Assertion]] = {}
    aliases: dict[str, dict[str, None]] = {}
    count = 0
    lapses = instant(document, EXPIRES, "")
    for at, each in items(document, "statements", ""):
        name, others = _vulnerability(each, at)
        aliases.setdefault(name, {}).update(dict.fromkeys(others))
        claims = limits.claims(_assertions(each, at, author, lapses), at)
        count += len(claims)
        if count > limits.MAX_CLAIMS:
            raise limits.too_many(limits.MAX_CLAIMS, "claims", "split the document", at)
        grouped.setdefault(name, []).extend(claims)
    if not grouped:
        raise FormatError("missing", "there is no statement", "add a statement", "/statements")
    published = instant(document, "timestamp", "")
    updated = instant(document, "last_updated", "")
    return Statement(
        advisory=f"openvex/{identifier}"[:512],
        source="openvex",
        vulnerabilities=tuple(
            Vulnerability(id=name, aliases=tuple(aliases[name]), assertions=tuple(claims))
            for name, claims in grouped.items()
        ),
        publisher=author,
        published_at=published,
        modified_at=updated or published,
        modified_in="/last_updated" if updated else "/timestamp",
    )


def _vulnerability(each: Node, at: str) -> tuple[str, tuple[str, ...]]:
    stated = each.get("vulnerability")
    if isinstance(stated, str) and stated.strip():
        return stated.strip(), ()
    inner = child(each, "vulnerability", at)
    where = f"{at}/vulnerability"
    return needed(inner, "name", where), texts(inner, "aliases", where)


def _assertions(each: Node, at: str, author: str, lapses: datetime | None) -> Iterator[Assertion]:
    stated = needed(each, "status", at)
    if stated not in set(Status):
        raise FormatError(
            "unknown_status",
            f"status {stated[:30]!r} is not known",
            f"use one of {', '.join(Status)}",
            f"{at}/status",
        )
    status = Status(stated)
    justification = text(each, "justification", at)
    if justification and justification not in JUSTIFICATIONS:
        raise FormatError(
            "unknown_justification",
            f"justification {justification[:60]!r} is not known",
            f"use one of {', '.join(sorted(JUSTIFICATIONS))}",
            f"{at}/justification",
        )
    impact = text(each, "impact_statement", at)
    if status is Status.NOT_AFFECTED and not (justification or impact):
        raise FormatError(
            "missing",
            "not_affected needs a justification or an impact statement",
            "say why it is not affected",
            f"{at}/justification",
        )
    products = list(items(each, "products", at))
    if not products:
        raise FormatError("missing", "the statement names no product", "add it", f"{at}/products")
    expires_at = instant(each, EXPIRES, at) or lapses
    for where, product in products:
        for limit, platforms, target, ranges in _targets(product, where):
            yield Assertion(
                asserter=author,
                target=target,
                status=status,
                ranges=ranges,
                platforms=platforms,
                justification=justification or impact,
                remediation=text(each, "action_statement", at),
                product=limit.product,
                product_version=limit.version,
                expires_at=expires_at,
            )


_Targeted = tuple[Limit, tuple[tuple[Platform, ...], ...], Target, tuple[Range, ...]]


def _targets(product: Node, at: str) -> Iterator[_Targeted]:
    name = _identifier(product, at)
    limit = named.limit(name)
    parts = list(items(product, "subcomponents", at))
    if not parts and limit.product:
        yield limit, (), limit.whole(), ()
    elif not parts:
        yield (limit, (), *named.needed(name, f"{at}/@id"))
    else:
        # Another's product is a condition: its word on a part is no word on the part elsewhere.
        place = () if limit.product else named.inside(named.needed(name, f"{at}/@id"))
        for where, part in parts:
            yield (limit, place, *named.needed(_identifier(part, where), f"{where}/@id"))


def _identifier(product: Node, at: str) -> str:
    identifiers = child(product, "identifiers", at)
    where = f"{at}/identifiers"
    found = (
        text(identifiers, "purl", where)
        or text(identifiers, "cpe23", where)
        or text(identifiers, "cpe22", where)
    )
    return found or needed(product, "@id", at)

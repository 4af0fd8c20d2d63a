"""Reads OpenVEX documents: suppliers or our analysts state whether products are affected.

OpenVEX 0.2.0. A product is named by purl or CPE, or as one of ours by
`urn:patchvigil:product:<id>` with an optional `@<version>` after it; subcomponents say which
component is meant. Who states it is decided by intake, not by the document.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.advisories import Assertion, Range, Status, Target, TargetKind, Vulnerability
from services.intake.formats import cpes, limits, purls
from services.intake.formats.canonical import Statement
from services.intake.formats.error import FormatError
from services.intake.formats.shape import Node, child, instant, items, needed, text, texts

OURS = "urn:patchvigil:product:"
_JUSTIFICATIONS = frozenset(
    {
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    }
)


@dataclass(frozen=True, slots=True)
class _Limit:
    """Which of our products a statement is limited to."""

    product: str | None = None
    version: str | None = None


def parse(document: Node) -> Statement:
    """Read one OpenVEX document.

    Raises:
        FormatError: a mandatory field is missing, a status or identifier is not known.
    """
    identifier, author = needed(document, "@id", ""), needed(document, "author", "")
    grouped: dict[str, list[Assertion]] = {}
    aliases: dict[str, dict[str, None]] = {}
    count = 0
    for at, each in items(document, "statements", ""):
        name, others = _vulnerability(each, at)
        aliases.setdefault(name, {}).update(dict.fromkeys(others))
        claims = limits.claims(_assertions(each, at, author), at)
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


def _assertions(each: Node, at: str, author: str) -> Iterator[Assertion]:
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
    if justification and justification not in _JUSTIFICATIONS:
        raise FormatError(
            "unknown_justification",
            f"justification {justification[:60]!r} is not known",
            f"use one of {', '.join(sorted(_JUSTIFICATIONS))}",
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
    for where, product in products:
        for limit, target, ranges in _targets(product, where):
            yield Assertion(
                asserter=author,
                target=target,
                status=status,
                ranges=ranges,
                justification=justification or impact,
                remediation=text(each, "action_statement", at),
                product=limit.product,
                product_version=limit.version,
            )


def _targets(product: Node, at: str) -> Iterator[tuple[_Limit, Target, tuple[Range, ...]]]:
    name = _identifier(product, at)
    limit = _Limit()
    if name.startswith(OURS):
        ours, _, version = name.removeprefix(OURS).partition("@")
        limit = _Limit(ours or None, version or None)
    parts = list(items(product, "subcomponents", at))
    if parts:
        for where, part in parts:
            yield (limit, *_target(_identifier(part, where), where))
    elif limit.product:
        # A statement on a whole product: whichever of its components carries the vulnerability.
        yield limit, Target(kind=TargetKind.NAME, product=limit.product), ()
    else:
        yield (limit, *_target(name, at))


def _identifier(named: Node, at: str) -> str:
    identifiers = child(named, "identifiers", at)
    where = f"{at}/identifiers"
    found = text(identifiers, "purl", where) or text(identifiers, "cpe23", where)
    return found or needed(named, "@id", at)


def _target(name: str, at: str) -> tuple[Target, tuple[Range, ...]]:
    if name.startswith("pkg:"):
        version = purls.version_of(name)
        ranges = (Range(exact=(version,)),) if version else ()
        return Target(kind=TargetKind.PURL, purl=purls.unversioned(name)), ranges
    if cpe := cpes.converted(name):
        return Target(kind=TargetKind.CPE, cpe=cpe), ()
    raise FormatError(
        "bad_identifier",
        f"{name[:60]!r} is neither a purl nor a CPE name",
        f"name products by purl, by CPE, or as {OURS}<id>",
        f"{at}/@id",
    )

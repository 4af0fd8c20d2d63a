"""Reads CSAF 2.0 documents: security advisories and VEX, vulnerability by vulnerability.

CSAF 2.0 (OASIS), section 3.2.3: `product_status` lists product ids by status; remediations, scores,
flags and threats speak of product ids as well.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from schemas.advisories import Assertion, Range, Status, Target, TargetKind, Vulnerability
from schemas.signals import SignalSource
from schemas.vex import EXPIRES, OF_CSAF
from services.intake.formats import csaf_tree, limits, scores
from services.intake.formats.canonical import Evidence, Statement
from services.intake.formats.cve import CVE_ID
from services.intake.formats.error import FormatError
from services.intake.formats.named import Limit
from services.intake.formats.shape import Node, child, instant, items, needed, text, texts

_PREFERRED = ("vendor_fix", "mitigation", "workaround", "no_fix_planned", "none_available")
_EXPLOITED = re.compile(
    r"\b(?:actively exploited|exploited in the wild|active exploitation)\b", re.IGNORECASE
)
_DENIED = re.compile(r"\b(?:no|not|never|without)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Tree:
    """A document's products by id, and which groups each is in."""

    products: Mapping[str, csaf_tree.Product]
    groups: Mapping[str, Sequence[str]]


def parse(document: Node) -> Statement:
    """Read one CSAF document.

    Raises:
        FormatError: not CSAF 2.0, a mandatory field is missing, or one has the wrong type.
    """
    head = child(document, "document", "")
    if (version := text(head, "csaf_version", "/document")) != "2.0":
        raise FormatError(
            "unknown_version",
            f"CSAF {str(version)[:20]} is not read",
            "publish it as CSAF 2.0",
            "/document/csaf_version",
        )
    tracking = child(head, "tracking", "/document")
    identifier = needed(tracking, "id", "/document/tracking")
    publisher = child(head, "publisher", "/document")
    name = needed(publisher, "name", "/document/publisher")
    space = text(publisher, "namespace", "/document/publisher")
    tree = _Tree(csaf_tree.products(document), csaf_tree.groups(document))
    vulnerabilities = tuple(
        _vulnerability(each, at, name, f"{identifier}#{position}", tree)
        for position, (at, each) in enumerate(items(document, "vulnerabilities", ""), 1)
    )
    return Statement(
        advisory=f"csaf/{_host(space) or name}/{identifier}",
        source="csaf",
        vulnerabilities=vulnerabilities,
        title=text(head, "title", "/document"),
        publisher=name,
        url=_self(head),
        published_at=instant(tracking, "initial_release_date", "/document/tracking"),
        modified_at=instant(tracking, "current_release_date", "/document/tracking"),
        modified_in="/document/tracking/current_release_date",
        evidence=tuple(
            evidence
            for vulnerability, (at, each) in zip(
                vulnerabilities, items(document, "vulnerabilities", ""), strict=True
            )
            for evidence in _evidence(each, at, vulnerability.id, name)
        ),
    )


def _host(space: str | None) -> str | None:
    try:
        return urlsplit(space or "").hostname
    except ValueError:
        return None


def _self(head: Node) -> str | None:
    for where, reference in items(head, "references", "/document"):
        if text(reference, "category", where) == "self":
            return text(reference, "url", where)
    return None


def _vulnerability(
    each: Node, at: str, publisher: str, fallback: str, tree: _Tree
) -> Vulnerability:
    others = tuple(needed(other, "text", where) for where, other in items(each, "ids", at))
    cve = text(each, "cve", at)
    if cve and not CVE_ID.match(cve):
        raise FormatError(
            "bad_identifier", f"{cve[:40]!r} is no CVE id", "write CVE-YYYY-NNNN", f"{at}/cve"
        )
    # A vulnerability without any identifier is named after its place in the document.
    leading = cve or (others[0] if others else fallback)
    weakness = text(child(each, "cwe", at), "id", f"{at}/cwe")
    return Vulnerability(
        id=leading,
        aliases=tuple(dict.fromkeys(other for other in others if other != leading)),
        title=text(each, "title", at),
        description=_description(each, at),
        scores=tuple(
            dict.fromkeys(
                score
                for _, entry in items(each, "scores", at)
                for score in scores.found(entry, publisher)
            )
        ),
        weaknesses=(weakness,) if weakness else (),
        assertions=limits.claims(_assertions(each, at, publisher, tree), at),
        published_at=instant(each, "release_date", at),
    )


def _description(each: Node, at: str) -> str | None:
    notes = {
        text(note, "category", where): text(note, "text", where)
        for where, note in items(each, "notes", at)
        if note.get("category") != "other"
    }
    return notes.get("summary") or notes.get("description") or next(iter(notes.values()), None)


def _assertions(each: Node, at: str, publisher: str, tree: _Tree) -> Iterator[Assertion]:
    remedies = _words(each, at, "remediations", "details")
    reasons = _words(each, at, "flags", "label")
    # CSAF 2.0, 4.5 (VEX profile): not affected says why by a flag, or by an impact in words.
    impacts = _words(each, at, "threats", "details", only="impact")
    lapses = dict(_lapses(each, at))
    statuses = child(each, "product_status", at)
    where = f"{at}/product_status"
    for key, status in OF_CSAF.items():
        # One assertion a product and status: its versions are gathered, so that a document with
        # hundreds of builds of one product stays one claim.
        grouped: dict[tuple[_Said, object], list[csaf_tree.Product]] = {}
        for position, product_id in enumerate(texts(statuses, key, where)):
            product = tree.products.get(product_id)
            if product is None:
                raise FormatError(
                    "unknown_reference",
                    f"product id {product_id[:60]!r} is not in the tree",
                    "add it to the product tree or remove it",
                    f"{where}/{key}/{position}",
                )
            groups = tree.groups.get(product_id, ())
            remedy = remedies.on(product_id, groups)
            reason = reasons.on(product_id, groups) or impacts.on(product_id, groups)
            said = _Said(key, status, publisher, remedy, reason, lapses.get(product_id))
            named = (
                product.vendor,
                product.product or product.name,
                product.marks,
                product.ours,
                product.of_ours,
            )
            grouped.setdefault((said, named), []).append(product)
        for (said, _), members in grouped.items():
            for platforms, some in csaf_tree.by_platforms(members).items():
                yield from _claim(said, platforms, some)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a document says of some products alike."""

    key: str
    status: Status
    publisher: str
    remedy: str | None
    reason: str | None
    lapses: datetime | None = None


def _claim(
    said: _Said, platforms: csaf_tree.Platforms, members: list[csaf_tree.Product]
) -> Iterator[Assertion]:
    limit = members[0].ours
    if limit.product and not members[0].of_ours:
        yield _assertion(said, platforms, limit.whole(), (), limit)
        return
    marks = tuple(dict.fromkeys(mark for member in members for mark in member.identifiers))
    spoken = tuple(replace(members[0], identifiers=marks).named())  # alike in all members
    found: dict[Target, dict[Range, None]] = {}
    for member in members:
        ranges = dict.fromkeys(_edge(said.key, member.ranges) or (Range(),))
        for target in (*member.packages(), spoken[0]):
            found.setdefault(target, {}).update(ranges)
    found |= dict.fromkeys(spoken, found[spoken[0]])
    for target, distinct in found.items():
        if limit.product and target.kind is TargetKind.NAME and len(found) > 1:
            continue  # inside a product of ours a part is told by its purl or CPE
        yield _assertion(
            said, platforms, target, () if Range() in distinct else tuple(distinct), limit
        )


def _assertion(
    said: _Said,
    platforms: csaf_tree.Platforms,
    target: Target,
    ranges: tuple[Range, ...],
    limit: Limit,
) -> Assertion:
    return Assertion(
        asserter=said.publisher,
        target=target,
        status=said.status,
        ranges=ranges,
        platforms=platforms,
        remediation=said.remedy,
        justification=said.reason if said.status is Status.NOT_AFFECTED else None,
        product=limit.product,
        product_version=limit.version,
        expires_at=said.lapses,
    )


def _lapses(each: Node, at: str) -> Iterator[tuple[str, datetime]]:
    """When what is said of a product lapses, by product id; notes titled as ours say it."""
    for where, note in items(each, "notes", at):
        title, _, product_id = (text(note, "title", where) or "").partition(" ")
        if title == EXPIRES and product_id and (at_ := instant(note, "text", where)):
            yield product_id, at_


def _edge(key: str, ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    """`first_affected` and `last_affected` name the ends of a range, not single versions."""
    single = ranges[0].exact[0] if len(ranges) == 1 and len(ranges[0].exact) == 1 else None
    if single and key == "first_affected":
        return (Range(introduced=single),)
    if single and key == "last_affected":
        return (Range(last_affected=single),)
    if single and key == "first_fixed":
        return (Range(introduced=single),)
    return ranges


@dataclass(frozen=True, slots=True)
class _Words:
    """The texts that speak of products and of groups of products, the best first."""

    of_product: Mapping[str, tuple[int, str]]
    of_group: Mapping[str, tuple[int, str]]

    def on(self, product_id: str, groups: Sequence[str]) -> str | None:
        """The best text for a product: by its own id, or through a group."""
        if len(groups) > len(self.of_group):  # the shorter way: both may be long
            held = frozenset(groups)
            groups = [each for each in self.of_group if each in held]
        found = [self.of_product.get(product_id), *map(self.of_group.get, groups)]
        return min((each for each in found if each), default=(0, None))[1]


def _words(each: Node, at: str, key: str, field: str, only: str | None = None) -> _Words:
    """The texts of a list's entries: a fix before a mitigation before none."""
    entries = [
        entry for entry in items(each, key, at) if only is None or entry[1].get("category") == only
    ]
    entries.sort(key=lambda entry: _rank(entry[1].get("category")))
    of_product: dict[str, tuple[int, str]] = {}
    of_group: dict[str, tuple[int, str]] = {}
    for number, (where, entry) in enumerate(entries):
        if words := text(entry, field, where):
            for name in texts(entry, "group_ids", where):
                of_group.setdefault(name, (number, words))
            for product_id in texts(entry, "product_ids", where):
                of_product.setdefault(product_id, (number, words))
    return _Words(of_product, of_group)


def _rank(category: object) -> int:
    return _PREFERRED.index(category) if category in _PREFERRED else len(_PREFERRED)


def _evidence(each: Node, at: str, identifier: str, publisher: str) -> Iterator[Evidence]:
    """A vendor's exploit status that says, without a denial, that it is exploited."""
    for where, threat in items(each, "threats", at):
        words = text(threat, "details", where) or ""
        if text(threat, "category", where) != "exploit_status":
            continue
        if _EXPLOITED.search(words) and not _DENIED.search(words):
            yield Evidence(
                SignalSource.VENDOR, identifier, publisher, instant(threat, "date", where), words
            )
            return

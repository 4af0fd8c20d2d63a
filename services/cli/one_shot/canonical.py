"""Reads advisory records with intake's parsers into what an index of them keeps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.advisories import Vulnerability
from services.cli.one_shot.sources import Record
from services.intake.formats import sniff
from services.intake.formats.canonical import Advisories, KevCatalogue, Statement
from services.intake.formats.error import Fault, FormatError
from services.sbom_matcher.domain import claims


@dataclass(frozen=True, slots=True)
class Entry:
    """What one advisory says of one vulnerability, and by which identifier keys it is met."""

    advisory: str
    url: str
    identifier: str
    aliases: tuple[str, ...]
    idents: tuple[str, ...]
    body: str
    """The vulnerability as JSON of the contract, without its description."""
    stated_at: datetime | None = None
    """When it was said; an index does not keep it, since only our own statements need it."""

    def vulnerability(self) -> Vulnerability:
        """Give back what was said."""
        return Vulnerability.model_validate_json(self.body)


@dataclass(frozen=True, slots=True)
class Unread:
    """A record that could not be read: where it is, why, and the mend."""

    where: str
    reason: str
    mend: str


@dataclass(slots=True)
class Portion:
    """What a number of records came to."""

    entries: list[Entry] = field(default_factory=list)
    exploited: list[str] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    records: int = 0


def portion(records: Sequence[Record]) -> Portion:
    """Read records; one that cannot be read costs no other."""
    read = Portion(records=len(records))
    for each in records:
        try:
            _read(each, read)
        except FormatError as error:
            read.unread.append(unread(each.where, error.faults[0]))
    return read


def _read(record: Record, into: Portion) -> None:
    if record.trouble:
        into.unread.append(Unread(record.where, record.trouble, "check the file, then try again"))
        return
    document = sniff.read(record.value)
    if isinstance(document, KevCatalogue):
        into.exploited += [each.identifier for each in document.entries]
    elif isinstance(document, Advisories):
        into.unread += [unread(f"{record.where}:", fault) for fault in document.faults]
        for statement in document.statements:
            into.entries += entries(statement)
            into.exploited += [each.identifier for each in statement.evidence]
    else:
        reason = f"a {document.format} document is no advisory"
        into.unread.append(Unread(record.where, reason, "give it with --sbom, or leave it out"))


def entries(statement: Statement, *, limit: Mapping[str, object] | None = None) -> Iterator[Entry]:
    """Turn an advisory into entries; one that was withdrawn claims nothing any more.

    `limit` is what else holds of each claim (`of_person`, `of_sbom`).
    """
    for each in () if statement.withdrawn else statement.vulnerabilities:
        kept = each.model_copy(update={"description": None})
        if limit:
            said = (one.model_copy(update=limit) for one in each.assertions)
            kept = kept.model_copy(update={"assertions": tuple(said)})
        idents = {ident for one in kept.assertions for ident in claims.idents_of(one)}
        yield Entry(
            advisory=statement.advisory,
            url=statement.url or "",
            identifier=each.id,
            aliases=each.aliases,
            idents=tuple(sorted(idents)),
            body=kept.model_dump_json(exclude_defaults=True),
            stated_at=statement.modified_at,
        )


def of_person(author: str) -> Mapping[str, object]:
    """Make claims a person's own statements, which outrank everybody's.

    You state them of the SBOM at hand: which product of yours they name is no condition.
    """
    return {"author": author, "platforms": ()}


def of_sbom(product: str, version: str) -> Mapping[str, object]:
    """Limit claims to the product version whose SBOM they are in: a supplier's word."""
    return {"product": product, "product_version": version, "author": None}


def unread(where: str, fault: Fault) -> Unread:
    """Say where a fault is, why, and the mend."""
    return Unread(f"{where} {fault.pointer or ''}".strip(), fault.reason, fault.mend)

"""Decides on advisories: published if their content is new, superseded if ours is newer."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from schemas.advisories import AdvisoryPublished, AdvisoryWithdrawn, Assertion, Vulnerability
from services.intake.domain import evidence, identity, own_products
from services.intake.domain.shelf import HeldAdvisory, Shelf
from services.intake.domain.submission import Emission, Outcome, Status, Submission, rejected
from services.intake.formats.canonical import Advisories, Document, Statement
from services.intake.formats.error import Fault, FormatError

SKEW = timedelta(days=1)
"""How far ahead of us a source's clock may be: a date beyond it would hide every later change."""
_LONGEST_ID = 1000
_VEX = frozenset({"openvex", "cyclonedx"})
"""Sources whose documents are statements: a person who submits one states what it says."""


def is_vex(document: Document | FormatError) -> bool:
    """Tell whether a document may state something of our own products."""
    if not isinstance(document, Advisories):
        return False
    return any(
        each.source in _VEX or any(claim.product for claim in _assertions(each))
        for each in document.statements
    )


def decide(submission: Submission, document: Advisories, shelf: Shelf, now: datetime) -> Outcome:
    """Decide on each advisory of a document; a faulty one does not cost the others."""
    faults = list(document.faults)
    emissions: list[Emission] = []
    counts: Counter[Status] = Counter()
    notes: dict[str, None] = {}
    for statement in document.statements:
        fault = _fault(statement, submission, now)
        if fault is not None:
            faults.append(fault)
            continue
        given, said = _given(submission, statement, shelf)
        notes |= dict.fromkeys(said)
        status, emitted = take(submission, given, shelf, now)
        counts[status] += 1
        emissions += emitted
    if not counts:
        return rejected(tuple(faults), document.format)
    if faults:
        counts[Status.REJECTED] = len(faults)
    status = next(s for s in (Status.PUBLISHED, Status.UNCHANGED, Status.SUPERSEDED) if counts[s])
    if emissions:
        status = Status.PUBLISHED
    return Outcome(
        status,
        _detail(counts, document) + own_products.told(tuple(notes)),
        document.format,
        tuple(emissions),
        tuple(faults),
        counts={status.value: count for status, count in counts.items()},
    )


def _detail(counts: Counter[Status], document: Advisories) -> str:
    if len(document.statements) + len(document.faults) == 1:
        return f"{document.statements[0].advisory}: {next(iter(counts)).value}"
    return ", ".join(f"{count} {status.value}" for status, count in counts.items())


def _fault(statement: Statement, submission: Submission, now: datetime) -> Fault | None:
    if statement.modified_at is not None and statement.modified_at > now + SKEW:
        return Fault(
            "future_date",
            f"{statement.advisory} was changed in the future",
            statement.modified_in,
            "correct the date of the last change",
        )
    if len(statement.advisory.encode()) > _LONGEST_ID:
        return Fault("bad_identifier", "the advisory's id is too long", None, "use a shorter id")
    if submission.person is None and any(a.product for a in _assertions(statement)):
        return Fault(
            "person_needed",
            "a statement on one of our own products is a person's act",
            "/statements" if statement.source == "openvex" else "/vulnerabilities",
            "let the analyst submit it over HTTP with a token of their own, as their own word",
        )
    return None


def _assertions(statement: Statement) -> list[Assertion]:
    return [a for v in statement.vulnerabilities for a in v.assertions]


def _given(
    submission: Submission, statement: Statement, shelf: Shelf
) -> tuple[Statement, tuple[str, ...]]:
    """What a person says, limited to the products that it names, and what names none of them.

    Who submits another's advisory does not state it: that is a CVE record's CNA, for one.
    """
    if submission.person is None:
        return statement, ()
    stated = statement.source in _VEX
    if not (stated or any(each.product for each in _assertions(statement))):
        return statement, ()
    products = [each for _, each in shelf.own.rows()]
    found = own_products.resolve(statement.vulnerabilities, products)
    authored = _authored(found.vulnerabilities, submission.person, whole=stated)
    return replace(statement, vulnerabilities=authored), found.notes


def take(
    submission: Submission, statement: Statement, shelf: Shelf, now: datetime
) -> tuple[Status, list[Emission]]:
    """Decide on one advisory as it is, and note on the shelf what came of it."""
    held = shelf.advisories.get(statement.advisory)
    if held is not None and _is_older(statement, held):
        return Status.SUPERSEDED, []
    digest = _digest(statement)
    withdrawn = statement.withdrawn is not None
    observed = (
        []
        if withdrawn
        else [
            each
            for one in statement.evidence
            for each in evidence.observe(one, shelf, now, backfill=submission.bulk)
        ]
    )
    if held is not None and held.digest == digest and held.withdrawn == withdrawn:
        if statement.modified_at is not None and statement.modified_at != held.modified_at:
            shelf.advisories.put(statement.advisory, _held(statement, digest, submission))
        return Status.UNCHANGED, observed
    shelf.advisories.put(statement.advisory, _held(statement, digest, submission))
    event = (
        _withdrawal(statement, now) if withdrawn else _publication(statement, digest, submission)
    )
    return Status.PUBLISHED, [Emission(event, digest, submission.bulk), *observed]


def _is_older(statement: Statement, held: HeldAdvisory) -> bool:
    return bool(
        statement.modified_at and held.modified_at and statement.modified_at < held.modified_at
    )


def _authored(
    vulnerabilities: tuple[Vulnerability, ...], person: str, *, whole: bool
) -> tuple[Vulnerability, ...]:
    """Name the person who states it: identity comes from the token, never from the document."""

    def named(claim: Assertion) -> Assertion:
        return claim.model_copy(update={"author": person}) if whole or claim.product else claim

    return tuple(
        each.model_copy(update={"assertions": tuple(map(named, each.assertions))})
        for each in vulnerabilities
    )


def _digest(statement: Statement) -> str:
    """The content's digest. The date of the last change is left out: it alone is no change."""
    return identity.of_models(
        statement.vulnerabilities,
        statement.advisory,
        statement.title,
        statement.publisher,
        statement.url,
        statement.published_at,
        statement.withdrawn,
    )


def _held(statement: Statement, digest: str, submission: Submission) -> HeldAdvisory:
    return HeldAdvisory(
        statement.source,
        digest,
        statement.modified_at,
        statement.withdrawn is not None,
        submission.id,
    )


def _publication(statement: Statement, digest: str, submission: Submission) -> AdvisoryPublished:
    return AdvisoryPublished(
        advisory=statement.advisory,
        source=statement.source,
        title=statement.title,
        publisher=statement.publisher,
        url=statement.url,
        original=submission.digest,
        digest=digest,
        vulnerabilities=statement.vulnerabilities,
        published_at=statement.published_at,
        modified_at=statement.modified_at,
        received_at=submission.received_at,
    )


def _withdrawal(statement: Statement, now: datetime) -> AdvisoryWithdrawn:
    return AdvisoryWithdrawn(
        advisory=statement.advisory,
        vulnerabilities=tuple(each.id for each in statement.vulnerabilities),
        reason=statement.withdrawn,
        withdrawn_at=statement.withdrawn_at or now,
    )

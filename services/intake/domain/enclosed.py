"""Decides on what an SBOM says of vulnerabilities in its own product: a supplier's word on it.

It is an advisory of its own, under the name of the product version, so that the SBOM of the next
build replaces what was said, and takes it back where it says nothing. Whoever submits the SBOM does
not state it, and it outranks nobody.
"""

from dataclasses import replace
from datetime import datetime

from schemas.advisories import Vulnerability
from services.intake.domain import advisories
from services.intake.domain.shelf import Shelf
from services.intake.domain.submission import Outcome, Status, Submission
from services.intake.formats.canonical import Sbom, Statement, Subject

_LONGEST = 500
_DROPPED = "the product version's newest SBOM says nothing of it"


def name(about: Subject) -> str:
    """Under which name what an SBOM says is held; the contracts take 512 characters."""
    of = f"{about.product or about.name or ''}@{about.version or ''}".lower()
    return f"sbom/{of}{f'/{about.hardware}' if about.hardware else ''}"[:_LONGEST]


def decide(
    submission: Submission,
    document: Sbom,
    about: Subject,
    product: str,
    outcome: Outcome,
    shelf: Shelf,
    now: datetime,
) -> Outcome:
    """Add to what became of an inventory what becomes of the statements in it."""
    statement = _statement(document, about, product, shelf, now)
    if statement is None and not document.unread:
        return outcome
    emissions = outcome.emissions
    words = []
    if statement is not None:
        status, emitted = advisories.take(submission, statement, shelf, now)
        emissions = (*emissions, *emitted)
        of = len(statement.vulnerabilities)
        words.append(f"what it says of {of} vulnerabilities: {status.value}")
    if document.unread:
        words.append(f"{len(document.unread)} faults in what it says of vulnerabilities")
    return replace(
        outcome,
        status=Status.PUBLISHED if emissions else outcome.status,
        detail="; ".join((outcome.detail, *words)),
        emissions=emissions,
        faults=(*outcome.faults, *document.unread),
    )


def _statement(
    document: Sbom, about: Subject, product: str, shelf: Shelf, now: datetime
) -> Statement | None:
    """What the SBOM says, limited to its product version; a withdrawal where it says no more."""
    under, said = name(about), document.said
    if said is None:
        held = shelf.advisories.get(under)
        if held is None or held.withdrawn or document.unread:
            return None
        return Statement(under, held.source, (), withdrawn=_DROPPED, withdrawn_at=now)
    limit = {"product": product, "product_version": about.version, "author": None}
    return replace(
        said,
        advisory=under,
        # The order in which SBOMs of a product version come decides, as for the inventory.
        modified_at=None,
        modified_in=None,
        vulnerabilities=tuple(_limited(each, limit) for each in said.vulnerabilities),
    )


def _limited(vulnerability: Vulnerability, limit: dict[str, str | None]) -> Vulnerability:
    claims = tuple(each.model_copy(update=limit) for each in vulnerability.assertions)
    return vulnerability.model_copy(update={"assertions": claims})

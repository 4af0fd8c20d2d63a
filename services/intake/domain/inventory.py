"""Decides on SBOMs: which product version each is for, and whether it is new, waits or goes."""

from dataclasses import replace
from datetime import datetime

from schemas.sboms import SbomRegistered
from services.intake.domain import enclosed, identity
from services.intake.domain.shelf import HeldProduct, HeldSbom, Revision, Shelf, Waiting
from services.intake.domain.submission import (
    WAIT,
    Emission,
    Outcome,
    Status,
    Submission,
    rejected,
)
from services.intake.formats.canonical import LONGEST_NAME, Sbom, Subject
from services.intake.formats.error import Fault


def subject(submission: Submission, document: Sbom) -> Subject:
    """What the SBOM describes: what the submitter says goes before what the document says."""
    stated, about = document.subject, submission.about
    if about is None:
        return stated
    return replace(
        stated,
        product=about.product or stated.product,
        version=about.version or stated.version,
        hardware=about.hardware or stated.hardware,
    )


def needs(submission: Submission, document: Sbom) -> frozenset[str]:
    """The names under which the product is looked up, in lower case."""
    found = subject(submission, document)
    reference = found.product or found.name
    return frozenset({reference.lower()}) if reference else frozenset()


def decide(submission: Submission, document: Sbom, shelf: Shelf, now: datetime) -> Outcome:
    """Register an inventory, let it wait for its product, or refuse it."""
    about = subject(submission, document)
    reference = about.product or about.name
    if not reference or not about.version:
        return rejected((_unaddressed(about),), document.format)
    longest = max(reference, about.version, about.hardware, key=len)
    if len(longest) > LONGEST_NAME:
        return rejected((_too_long(about, longest),), document.format)
    candidates = shelf.named(reference)
    if len(candidates) > 1:
        names = ", ".join(sorted(each.product for each in candidates))
        return rejected(
            (
                Fault(
                    "ambiguous_product",
                    f"{reference!r} is a name of several products: {names}",
                    about.name_at,
                    "name the product by its id: `?product=`, header "
                    "`pv-product`, or `patchvigil:product` in the document",
                ),
            ),
            document.format,
        )
    if not candidates or about.version not in candidates[0].versions:
        return _wait(submission, document, shelf, candidates)
    product = candidates[0]
    outcome = _register(submission, document, shelf, product, now)
    return enclosed.decide(submission, document, about, product.product, outcome, shelf, now)


def _unaddressed(about: Subject) -> Fault:
    named = about.product or about.name
    missing, at = ("version", about.version_at) if named else ("name", about.name_at)
    return Fault(
        f"no_{missing}",
        f"the SBOM does not say which product {missing} it describes",
        at,
        f"state it at {at}, or say it with `?product=&version=` or the headers "
        "`pv-product` and `pv-version`",
    )


def _too_long(about: Subject, value: str) -> Fault:
    return Fault(
        "invalid",
        f"the product's name, version or hardware has {len(value)} characters: {value[:40]!r}…; "
        f"at most {LONGEST_NAME} are read",
        about.name_at,
        "shorten it, or say it with `?product=&version=&hardware=`",
    )


def _wait(
    submission: Submission, document: Sbom, shelf: Shelf, known: list[HeldProduct]
) -> Outcome:
    about = subject(submission, document)
    reference = (about.product or about.name or "").lower()
    place = (f"{reference}@{about.version}", about.hardware)
    older = tuple(
        id_
        for id_, each in shelf.waiting.rows()
        if each.waits_for == place and id_ != submission.id
    )
    lacking = (
        f"version {about.version!r} of product {known[0].product!r}"
        if known
        else f"a product named {reference!r}"
    )
    needed = frozenset({reference})
    shelf.waiting.put(submission.id, Waiting(submission.id, needed, place))
    until = submission.received_at + WAIT
    return Outcome(
        Status.WAITING,
        f"waits for {lacking} until {until:%Y-%m-%d %H:%M} UTC",
        document.format,
        needs=needed,
        waits_for=place,
        superseded=older,
    )


def _register(
    submission: Submission, document: Sbom, shelf: Shelf, product: HeldProduct, now: datetime
) -> Outcome:
    about = subject(submission, document)
    version = about.version or ""
    place = (product.product, version, about.hardware)
    digest = identity.of_models(document.components, document.dependencies)
    held = shelf.sboms.get(place)
    shown = f"{product.product} {version}"
    if held is not None and held.digest == digest:
        return Outcome(Status.UNCHANGED, f"{shown}: the same components", document.format)
    sbom = str(identity.derived("sbom", *place, digest))
    revision = held.revision + 1 if held is not None else 1
    called = document.origin.product.purl if document.origin.product else None
    shelf.sboms.put(place, HeldSbom(sbom, digest, submission.id, revision, called))
    kept = _revision(submission, document, sbom, digest, now)
    shelf.revisions.put((*place, revision), kept)
    origin = document.origin
    event = SbomRegistered(
        sbom=sbom,
        product=product.product,
        version=version,
        hardware=about.hardware,
        format=document.format,
        format_version=document.format_version,
        original=submission.digest,
        digest=digest,
        components=document.components,
        dependencies=document.dependencies,
        registered_at=now,
        revision=revision,
        size=kept.size,
        submitted_by=kept.submitted_by,
        root=origin.product.ref if origin.product else None,
        author_stated=bool(origin.authors),
        made_at=origin.made_at,
        repeated=origin.repeated,
    )
    return Outcome(
        Status.PUBLISHED,
        f"{shown}: {len(document.components)} components, revision {revision}",
        document.format,
        (Emission(event, digest),),
        counts={"components": len(document.components)},
    )


def _revision(
    submission: Submission, document: Sbom, sbom: str, digest: str, now: datetime
) -> Revision:
    return Revision(
        sbom=sbom,
        digest=digest,
        original=submission.digest,
        size=len(submission.raw),
        format=document.format,
        format_version=document.format_version,
        components=len(document.components),
        submission=submission.id,
        source=submission.source,
        submitted_by=submission.person or submission.principal,
        registered_at=now,
    )


def waited_in_vain(needed: frozenset[str]) -> Outcome:
    """The end of a wait: the product or version never came."""
    names = ", ".join(sorted(needed))
    return rejected(
        (
            Fault(
                "unknown_product",
                f"its product never came in {WAIT.days} days: {names}",
                None,
                "register the product with this version, then send the document again",
            ),
        )
    )

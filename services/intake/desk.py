"""Takes submissions in, from whichever edge: gate, read, lock, load, decide, save, emit.

All edges meet here, so that a document has the same fate over Kafka and over HTTP. What waits for a
product is released in the transaction that registers the product.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

from schemas.submissions import SubmissionRejected
from services.intake import sealing
from services.intake.domain import enclosed, inventory, registration
from services.intake.domain.advisories import is_vex
from services.intake.domain.decide import UNAUTHORISED, decide, remember, same_bytes
from services.intake.domain.shelf import Shelf
from services.intake.domain.submission import WAIT, Outcome, Status, Submission, rejected
from services.intake.formats import sniff
from services.intake.formats.canonical import Advisories, Document, KevCatalogue, Register, Sbom
from services.intake.formats.error import FormatError
from services.intake.store import contacts, holdings, saving, submissions
from services.intake.store.submissions import Settled
from services.kit import clock
from services.kit.unit import Unit

EXPIRE = "expire"
"""The timer step at which a waiting submission is rejected."""
_SLICE = 0.02  # seconds of work after which the event loop gets a turn
_SHORT = 32 * 1024  # bytes of a document that is read at once; most advisories are shorter
_LONG = 1024 * 1024
_READERS = {
    size: ThreadPoolExecutor(1, thread_name_prefix=f"reader-{size}") for size in ("middle", "long")
}
"""Threads that read documents, one of a size at a time: what one takes of memory is bounded, and
so is what all of them take. A long one, which may take seconds, holds up no other."""

Read = Document | FormatError


@dataclass(slots=True)
class _Turns:
    """Gives the event loop a turn after each slice of work, so that heartbeats go on."""

    since: float = field(default_factory=clock.elapsed)

    async def take(self) -> None:
        if clock.elapsed() - self.since > _SLICE:
            await asyncio.sleep(0)
            self.since = clock.elapsed()


async def take_in(
    unit: Unit, given: Sequence[Submission], *, dry_run: bool = False
) -> list[Settled]:
    """Decide on submissions in their order and make everything follow from it.

    A submission that was handled before (the same record delivered again) is left out. With
    `dry_run` nothing is saved, emitted or armed: the answer says what would become of each.
    """
    known = await submissions.known(unit.db, [each.id for each in given])
    fresh = [each for each in given if each.id not in known]
    if not fresh:
        return []
    await unit.lock("document", ("/".join(each.place) for each in fresh))
    shelf = Shelf(documents=await holdings.documents(unit.db, (each.place for each in fresh)))
    documents = await _read(fresh, shelf)
    await _load(unit, shelf, documents, fresh)
    settled = await _decide(unit, fresh, documents, shelf)
    if dry_run:
        return settled
    # Saved before the release: a document may wait for a product that the same batch brings later.
    await _save(unit, shelf, settled)
    if released := await _release(unit, shelf):
        await _save(unit, shelf, released)
    return settled + released


async def _read(given: Sequence[Submission], shelf: Shelf) -> dict[UUID, Read]:
    """Read what is signed and not the same bytes as before."""
    turns, found = _Turns(), dict[UUID, Read]()
    for submission in given:
        if submission.principal is not None and same_bytes(submission, shelf) is None:
            found[submission.id] = await _parsed(submission.raw)
            await turns.take()
    return found


async def _parsed(raw: bytes) -> Read:
    try:
        if len(raw) <= _SHORT:
            return sniff.read(raw)
        reader = _READERS["long" if len(raw) > _LONG else "middle"]
        return await asyncio.get_running_loop().run_in_executor(reader, sniff.read, raw)
    except FormatError as error:
        return error


async def _load(
    unit: Unit, shelf: Shelf, documents: dict[UUID, Read], given: Sequence[Submission]
) -> None:
    """Lock and load what the documents speak of; always in this order of kinds."""
    by_id = {each.id: each for each in given}
    advisories = [s for d in documents.values() if isinstance(d, Advisories) for s in d.statements]
    catalogues = [d for d in documents.values() if isinstance(d, KevCatalogue)]
    boms = [(by_id[i], d) for i, d in documents.items() if isinstance(d, Sbom)]
    registers = [d for d in documents.values() if isinstance(d, Register)]
    if advisories:
        ids = sorted({each.advisory for each in advisories})
        await unit.lock("advisory", ids)
        shelf.advisories.learn(await holdings.advisories(unit.db, ids))
    if any(by_id[i].person and is_vex(d) for i, d in documents.items()):
        shelf.own.learn(await holdings.own(unit.db))
    if catalogues:
        await unit.lock("feed", ["kev"])
        shelf.feeds.learn(await holdings.feeds(unit.db))
    evidence = [
        *(e for s in advisories for e in s.evidence),
        *(e for c in catalogues for e in c.entries),
    ]
    if evidence:
        ids = sorted({each.signal for each in evidence})
        await unit.lock("signal", ids)
        shelf.signals.learn(await holdings.signals(unit.db, ids, catalogued=bool(catalogues)))
    if boms or registers:
        await _load_catalogue(unit, shelf, boms, registers)


async def _load_catalogue(
    unit: Unit, shelf: Shelf, boms: Sequence[tuple[Submission, Sbom]], registers: Sequence[Register]
) -> None:
    needed = frozenset().union(
        *(inventory.needs(s, d) for s, d in boms), *(registration.needs(d) for d in registers)
    )
    brought = [e.value for d in registers for e in d.entries]
    own = frozenset().union(*(registration.names_of(value) for value in brought))
    keys = sorted({registration.key(value) for value in brought})
    await unit.lock("product", needed | own)
    await unit.lock("registered", keys)
    spelled = {inventory.subject(s, d).product or inventory.subject(s, d).name for s, d in boms}
    ids = registration.products_of(brought) | {each for each in spelled if each}
    shelf.products.learn(await holdings.products(unit.db, sorted(ids), sorted(needed)))
    shelf.rows.learn(await holdings.registered(unit.db, keys))
    shelf.waiting.learn(await holdings.waiting(unit.db, sorted(needed | own)))
    # The product's lock holds these as well: a lock of theirs after it would be out of order.
    inside = sorted({enclosed.name(inventory.subject(s, d)) for s, d in boms})
    shelf.advisories.learn(await holdings.advisories(unit.db, inside))
    known = {product for product, _ in shelf.products.rows()}
    shelf.sboms.learn(await holdings.sboms(unit.db, sorted(known | ids)))


async def _decide(
    unit: Unit, given: Sequence[Submission], documents: dict[UUID, Read], shelf: Shelf
) -> list[Settled]:
    turns, settled = _Turns(), list[Settled]()
    for submission in given:
        document = documents.get(submission.id)
        same = same_bytes(submission, shelf)
        if submission.principal is None:
            outcome = rejected((UNAUTHORISED,))
        elif same is not None or document is None:
            outcome = same or Outcome(Status.UNCHANGED, "the same bytes")
        else:
            outcome = decide(submission, document, shelf, unit.now)
        settled.append(Settled(submission, outcome, _is_personal(document)))
        await turns.take()
    return settled


def _is_personal(document: Read | None) -> bool:
    """Whether the bytes may name people: what could not be read may, and is kept sealed as well."""
    if isinstance(document, Register):
        return any(entry.contact for entry in document.entries)
    return isinstance(document, FormatError)


async def _release(unit: Unit, shelf: Shelf) -> list[Settled]:
    """Look again at what waits for products that were just registered, until nothing follows."""
    released: list[Settled] = []
    looked_at, present = set[str](), set[UUID]()
    while names := _new_names(shelf) - looked_at:
        looked_at |= names
        waiting = await holdings.waiting(unit.db, sorted(names))
        ids = [id_ for id_, _ in waiting.rows() if id_ not in present]
        present |= set(ids)
        if not ids:
            continue
        kept = await submissions.still_waiting(unit.db, unit.blobs, sealing.current(), ids)
        found = [submission for submission, _ in kept]
        documents = {each.id: await _parsed(each.raw) for each in found}
        await _load(unit, shelf, documents, found)
        for submission in found:
            document = documents[submission.id]
            outcome = decide(submission, document, shelf, unit.now)
            if outcome.status is not Status.WAITING:
                released.append(Settled(submission, outcome, _is_personal(document)))
    return released


def _new_names(shelf: Shelf) -> set[str]:
    return {
        name
        for product in shelf.products.changed.values()
        if not product.retired
        for name in product.names
    }


async def _save(unit: Unit, shelf: Shelf, settled: Sequence[Settled]) -> None:
    sealer = sealing.current()
    await submissions.keep_originals(unit.db, unit.blobs, sealer, settled, unit.now)
    await submissions.save(unit.db, settled, unit.now)
    await saving.save(unit.db, shelf)
    kept = [(k, each.submission.digest) for each in settled for k in each.outcome.kept]
    await contacts.save(unit.db, sealer, kept, unit.now)
    await submissions.end_wait(
        unit.db,
        (each.submission.id for each in settled if each.outcome.status is not Status.WAITING),
    )
    for each in settled:
        _follow(unit, each)


def _follow(unit: Unit, each: Settled) -> None:
    """Emit and arm what follows from one decision."""
    submission, outcome = each.submission, each.outcome
    for emission in outcome.emissions:
        unit.emit(emission.event, cause=submission, bulk=emission.bulk, name=emission.name)
    if outcome.status is Status.REJECTED:
        unit.emit(_rejection(unit, each), cause=submission)
    subject = f"submission/{submission.id}"
    if outcome.status is Status.WAITING:
        unit.arm(subject, EXPIRE, submission.received_at + WAIT, cause=submission)
    else:
        unit.disarm(subject)
    for older in outcome.superseded:
        unit.disarm(f"submission/{older}")


def _rejection(unit: Unit, each: Settled) -> SubmissionRejected:
    first, submission = each.outcome.faults[0], each.submission
    return SubmissionRejected(
        submission=str(submission.id),
        source=submission.source,
        document=submission.document,
        digest=submission.digest,
        format=each.outcome.format,
        reason=each.outcome.detail[:512],
        code=first.code,
        pointer=first.pointer,
        mend=first.mend,
        rejected_at=unit.now,
    )


async def give_up(unit: Unit, ids: Sequence[UUID]) -> None:
    """Reject what has waited in vain: its product never came."""
    found = await submissions.waiting_for(unit.db, ids)
    await unit.lock("product", (name for _, needed in found for name in needed))
    found = await submissions.waiting_for(unit.db, ids)  # what was released meanwhile is gone
    settled = [
        Settled(submission, inventory.waited_in_vain(needed)) for submission, needed in found
    ]
    shelf = Shelf()
    for each in settled:
        remember(each.submission, each.outcome, shelf)
    await submissions.save(unit.db, settled, unit.now)
    await saving.save(unit.db, shelf)
    await submissions.end_wait(unit.db, (each.submission.id for each in settled))
    for each in settled:
        _follow(unit, each)

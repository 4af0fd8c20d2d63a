"""Brings cases up to date with the facts: lock, load, decide, save, emit.

Whoever adds a fact calls `hold` before storing it and `settle` after. Lock order, the same for all:
identifiers, vulnerabilities and reports (kind `vulnerability`), products (kind `product`), rows of
cases by id, the year's counter, revisions of the outbox. A handler that adds a signal and one that
adds a finding of the same vulnerability share a lock: the later one sees what the earlier stored.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.cases import (
    CaseMerged,
    CaseOpened,
    CaseReopened,
    CaseScoped,
    CaseSignalled,
    CaseSplit,
    RiskAssessed,
)
from schemas.signals import Harm
from services.kit.unit import Unit
from services.triage import rulebook
from services.triage.causes import Causes
from services.triage.domain.casefile import CaseFile, CaseStatus, Casework, Header, work_on
from services.triage.domain.recognition import Opening
from services.triage.domain.tracking import tracking_id
from services.triage.store import cases as rows
from services.triage.store import files as load
from services.triage.store import issued
from services.triage.store.facts import reports_alone
from services.triage.store.groups import Group, groups

KIND = "vulnerability"
"""The kind of advisory lock under which facts of a vulnerability meet."""


@dataclass(slots=True)
class Work:
    """A case with what is done to it, once it has an id."""

    case: str
    file: CaseFile
    done: Casework

    @property
    def header(self) -> Header:
        """What the case shows now."""
        if self.done.header is not None:
            return self.done.header
        if self.done.case is None:
            raise RuntimeError("a case that is opened has a header")
        return self.done.case.header


async def hold(unit: Unit, keys: Iterable[str], reports: Iterable[str] = ()) -> list[Group]:
    """Lock everything that these identifiers, vulnerabilities and reports are joined by.

    What they mean is read, locked, and read again until it did not grow: a merge may have been
    committed in between. That a later round takes locks out of order can at worst be a deadlock,
    which PostgreSQL ends and the kit tries again.
    """
    wanted = set(keys)
    held: set[str] = set()
    found = await groups(unit.db, wanted) if wanted else []
    needed = {name for group in found for name in group.everything} | set(reports)
    while missing := needed - held:
        await unit.lock(KIND, missing)
        held |= missing
        found = await groups(unit.db, wanted)
        needed = {name for group in found for name in group.everything} | set(reports)
    return found


async def settle(
    unit: Unit,
    keys: Iterable[str],
    causes: Causes,
    *,
    reports: Iterable[str] = (),
    by_hand: Mapping[str, str] | None = None,
    meaning: list[Group] | None = None,
) -> list[Work]:
    """Bring the cases of these identifiers and vulnerabilities, and lone reports, up to date.

    `meaning` is what `hold` found, where the handler has changed nothing that identifiers mean.
    """
    held = await _held(unit, set(keys), reports, meaning)
    await unit.lock("product", held.products)
    stored = await load.stored(unit.db, held, by_hand=by_hand or {})
    pack = rulebook.clinical_bands()
    decided = [(file, done) for file in load.files(held, stored) if (done := work_on(file, pack))]
    works = await _numbered(unit, [(file, done) for file, done in decided if not done.is_nothing])
    await _save(unit, works)
    for work in works:
        _emit(unit, work, causes)
    return works


async def differences(unit: Unit, keys: Iterable[str], reports: Iterable[str]) -> list[str]:
    """What `settle` would do now, in words: nothing, while every join is complete."""
    held = await _held(unit, set(keys), reports, None)
    stored = await load.stored(unit.db, held, by_hand={}, lock=False)
    pack = rulebook.clinical_bands()
    return [
        f"{file.vulnerability or file.reports[0].report}: {done.summary}"
        for file in load.files(held, stored)
        if (done := work_on(file, pack)) is not None and not done.is_nothing
    ]


async def _held(
    unit: Unit, keys: set[str], reports: Iterable[str], meaning: list[Group] | None
) -> load.Held:
    """Everything held of what these keys mean, and of reports that name nothing known."""
    found = await groups(unit.db, keys) if meaning is None else meaning
    known = [group for group in found if group.is_known]
    alone = await reports_alone(unit.db, reports, keys)
    return await load.held(unit.db, known, alone)


async def _numbered(unit: Unit, decided: list[tuple[CaseFile, Casework]]) -> list[Work]:
    """Give the cases that are opened their tracking ids, in the order of their vulnerabilities.

    What had an id in a past that this database has forgotten gets the same one again.
    """
    opened = [(file, done) for file, done in decided if done.case is None]
    again = await issued.given(unit.db, [_opening(*each) for each in opened]) if opened else []
    numbers = iter(await rows.numbers(unit.db, unit.now.year, again.count(None)))
    ids = iter([each or tracking_id(unit.now.year, next(numbers)) for each in again])
    return [Work(done.case.case if done.case else next(ids), file, done) for file, done in decided]


def _opening(file: CaseFile, done: Casework) -> Opening:
    named = done.header.identifiers if done.header and file.vulnerability is None else ()
    own = {file.vulnerability} if file.vulnerability else set()
    return Opening(
        file.vulnerability,
        frozenset({*own, *file.identifiers, *named}),
        frozenset(each.report for each in file.reports),
    )


async def _save(unit: Unit, works: list[Work]) -> None:
    absorbed = [(each.case, work.case) for work in works for each in work.done.absorbed]
    await rows.absorb(unit.db, absorbed)
    changed = [
        rows.Saved(
            case=work.case,
            header=work.done.header,
            status=work.done.case.status if work.done.case else CaseStatus.OPEN,
            report=work.done.report,
            because=work.done.opened_because or "",
            at=unit.now,
        )
        for work in works
        if work.done.header is not None
    ]
    await rows.save(unit.db, changed)
    await rows.reopen(unit.db, [work.case for work in works if work.done.reopened_because])
    met = [(work.case, meeting) for work in works for meeting in work.done.meetings]
    await rows.meet(unit.db, met, unit.now)
    proposals = {
        (work.case, product): proposal
        for work in works
        for product, proposal in work.done.proposals.items()
    }
    await rows.propose(unit.db, proposals, unit.now)


def _emit(unit: Unit, work: Work, causes: Causes) -> None:
    cause = causes.of(work.file)
    header = work.header
    if work.done.opened_because:
        harms = [each.harm for each in work.file.reports if each.harm is not None]
        opened = CaseOpened(
            case=work.case,
            kind=header.kind,
            title=header.title,
            vulnerability=header.vulnerability,
            identifiers=header.identifiers,
            report=work.done.report,
            harm=worst(harms),
            opened_at=unit.now,
            because=work.done.opened_because,
        )
        unit.emit(opened, cause=cause, case=work.case, name=work.case)
    _emit_kinship(unit, work, causes)
    if work.done.reopened_because:
        because = work.done.reopened_because
        reopened = CaseReopened(case=work.case, because=because, reopened_at=unit.now)
        unit.emit(reopened, cause=cause, case=work.case)
    if work.done.rescoped is not None:
        scoped = CaseScoped(
            case=work.case,
            kind=header.kind,
            title=header.title,
            vulnerability=header.vulnerability,
            identifiers=header.identifiers,
            summary=header.summary,
            items=header.items,
            reports=header.reports,
            scoped_at=unit.now,
        )
        unit.emit(scoped, cause=cause, case=work.case)
    _emit_risk(unit, work, causes)
    for meeting in work.done.meetings:
        signalled = CaseSignalled(
            case=work.case,
            signal=meeting.signal.held,
            products=meeting.products,
            title=header.title,
            identifiers=header.identifiers,
        )
        unit.emit(
            signalled,
            cause=causes.of_signal(meeting.signal) or cause,
            case=work.case,
            name=meeting.signal.held.signal,
        )


def _emit_kinship(unit: Unit, work: Work, causes: Causes) -> None:
    """Tell of merges under both keys, and of a case that was once part of another."""
    cause = causes.of(work.file)
    for absorbed in work.done.absorbed:
        for key in (work.case, absorbed.case):
            merged = CaseMerged(
                case=key,
                survivor=work.case,
                absorbed=absorbed.case,
                because=f"both are the file of {work.header.vulnerability}",
                merged_at=unit.now,
            )
            unit.emit(merged, cause=cause, case=key, name=absorbed.case)
    origin = work.done.separated_from
    if origin is not None:
        split = CaseSplit(
            case=origin,
            separated=work.case,
            because=f"{work.header.vulnerability} is a vulnerability of its own",
            split_at=unit.now,
        )
        unit.emit(split, cause=cause, case=origin, name=work.case)


def _emit_risk(unit: Unit, work: Work, causes: Causes) -> None:
    """Tell the proposed bands, but for products whose band a person has set."""
    for product, proposal in sorted(work.done.proposals.items()):
        if product not in work.done.decided:
            proposed = RiskAssessed(
                case=work.case,
                product=product,
                band=proposal.band,
                score=proposal.score,
                vector=proposal.vector,
                proposed=True,
                assessed_at=unit.now,
                ground=proposal.ground,
                pack=proposal.pack,
            )
            unit.emit(proposed, cause=causes.of(work.file), case=work.case, name=product)


_HARMS = (
    Harm.DEATH,
    Harm.PUBLIC_HEALTH,
    Harm.SERIOUS,
    Harm.UNKNOWN,
    Harm.MALFUNCTION,
    Harm.NONE,
)


def worst(harms: Iterable[Harm]) -> Harm | None:
    """The gravest of several harms; one that nobody knows outranks a mere malfunction."""
    stated = set(harms)
    return next((harm for harm in _HARMS if harm in stated), None)

"""Keeps drafts up to date: prepares each live clock's draft again, and saves what says more.

Events queue their subjects, and the rechecker prepares after the commit what has come to rest, so
that of two facts that commit at the same time the later one always sees the other (nothing is
missed) and no page waits. What a person does is prepared at once: they read the answer.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.clocks import Clock
from schemas.drafts import Draft, DraftPrepared, DraftVoided, Gap
from services.kit import ids
from services.kit.database import Connection
from services.kit.records import Cause
from services.kit.unit import Unit
from services.notification.domain import document as documents
from services.notification.domain.alert import DraftLine, draft_line, pending
from services.notification.domain.approval import Standing, needed
from services.notification.domain.document import DraftDocument
from services.notification.domain.draft import Earlier, Preparation, newest, prepare
from services.notification.domain.template import Template
from services.notification.loading import Holdings, load
from services.notification.store import drafts
from services.notification.store.clocks import KeptClock
from services.notification.store.drafts import Approval, KeptDraft, Revision
from services.notification.template_library import library, template_of

LOCK = "case"
"""Everything that changes a case's drafts holds this lock of the case."""

FIRST = "its clock started"
"""Why a draft has its first revision."""


def draft_id(clock: str) -> str:
    """The draft of a clock: one for its life, in revisions."""
    return str(ids.derived("draft", clock))


@dataclass(slots=True)
class Prepared:
    """The documents of one case as they come to stand, and the revisions that are new."""

    held: Holdings
    standing: dict[tuple[str | None, str], Earlier] = field(default_factory=dict)
    revisions: list[tuple[Revision, KeptDraft | None]] = field(default_factory=list)


async def preparations(held: Holdings, unit: Unit, because: str) -> Prepared:
    """Prepare every live clock's draft, earlier stages first, so that later ones carry them.

    Between any two of them everything else of the process has its turn.
    """
    work = Prepared(held)
    order = list(library())
    wanted = [
        (each, template)
        for each in held.clocks
        if (template := template_of(each.clock.template)) is not None
    ]
    for kept, template in sorted(wanted, key=lambda pair: order.index(pair[1].id)):
        _prepare(work, kept, template, unit, because)
        await asyncio.sleep(0)
    return work


def _prepare(work: Prepared, kept: KeptClock, template: Template, unit: Unit, because: str) -> None:
    before = work.held.drafts.get(kept.clock.clock)
    place = (kept.clock.product, template.id)
    old = before.document if before is not None else None
    if kept.live:
        new = prepare(_preparation(work, kept, template, before, unit))
        if old is None or before is None or before.ended or _says_more(old, new):
            content = documents.canonical(new)
            why = because if before is not None else FIRST
            revision = Revision(new, content, documents.digest(content), why, kept.clock.stage)
            work.revisions.append((revision, before))
            old = new
    filed = _filed(work.held, before)
    if filed is not None:
        work.standing[place] = Earlier(filed, filed=True)
    elif old is not None:
        work.standing[place] = Earlier(old, filed=False)


def _says_more(old: DraftDocument, new: DraftDocument) -> bool:
    return bool(documents.differing(old, new)) or not documents.same_duty(old, new)


def _filed(held: Holdings, before: KeptDraft | None) -> DraftDocument | None:
    if before is None or before.filed_revision is None:
        return None
    return held.revisions.get((before.draft, before.filed_revision))


def _preparation(
    work: Prepared, kept: KeptClock, template: Template, before: KeptDraft | None, unit: Unit
) -> Preparation:
    name = draft_id(kept.clock.clock)
    places = [(kept.clock.product, each) for each in template.carries_from]
    return Preparation(
        draft=name,
        revision=before.newest + 1 if before is not None else 1,
        template=template,
        facts=work.held.case_facts(kept, unit.now),
        fills=newest(work.held.fills.get(name, ())),
        earlier=tuple(work.standing[each] for each in places if each in work.standing),
    )


async def redraft(unit: Unit, cases: Iterable[str], because: str) -> None:
    """Prepare the drafts of these cases again; the caller holds their `LOCK`."""
    wanted = sorted(set(cases))
    if not wanted:
        return
    held = await load(unit.db, wanted)
    work = await preparations(held, unit, because)
    await drafts.save(unit.db, [revision for revision, _ in work.revisions])
    for revision, before in work.revisions:
        approved = approved_revision(held, before) if before is not None else None
        unit.emit(
            _prepared(revision, approved),
            name=f"{revision.document.draft} {revision.document.revision}",
        )


def approved_revision(held: Holdings, kept: KeptDraft) -> DraftDocument | None:
    """The newest revision that is approved in full: it stays fileable beside newer ones."""
    editors = frozenset(each.author for each in held.fills.get(kept.draft, ()))
    approvals = held.approvals.get(kept.draft, ())
    return approved_among(editors, approvals, kept.draft, held.revisions)


def approved_among(
    editors: frozenset[str],
    approvals: Sequence[Approval],
    draft: str,
    revisions: Mapping[tuple[str, int], DraftDocument],
) -> DraftDocument | None:
    """The newest of a draft's revisions whose approvals suffice."""
    people: dict[int, set[str]] = {}
    for each in approvals:
        people.setdefault(each.revision, set()).add(each.person)
    for revision in sorted(people, reverse=True):
        document = revisions[draft, revision]
        authors = editors | document.people
        if len(people[revision] - authors) >= needed(authors):
            return document
    return None


def differing(approved: DraftDocument | None, newest_one: DraftDocument) -> tuple[str, ...]:
    """The fields in which the newest revision says something else than the approved one."""
    return documents.differing(approved, newest_one) if approved is not None else ()


def standing(kept: KeptDraft, editors: frozenset[str], approvals: Sequence[Approval]) -> Standing:
    """A draft's newest revision as an approver meets it."""
    return Standing(
        document=kept.document,
        digest=kept.digest,
        newest=kept.newest,
        shadow=kept.shadow,
        ended=kept.ended,
        editors=editors,
        approved_by=frozenset(a.person for a in approvals if a.revision == kept.newest),
    )


def _prepared(revision: Revision, approved: DraftDocument | None) -> DraftPrepared:
    document = revision.document
    return DraftPrepared(
        case=document.case,
        draft=event_draft(document, revision.digest, revision.stage),
        because=revision.because,
        outdates=approved.revision if approved is not None else None,
        differing=differing(approved, document),
    )


def event_draft(document: DraftDocument, digest: str, stage: str | None) -> Draft:
    """A draft as events carry it: without its text."""
    return Draft(
        draft=document.draft,
        revision=document.revision,
        clock=document.duty.clock,
        rule=document.duty.rule,
        stage=stage,
        product=document.product,
        template=f"{document.template.id}@{document.template.version}",
        shadow=document.shadow,
        digest=digest,
        gaps=tuple(Gap.model_validate(gap.model_dump()) for gap in document.gaps),
        prepared_at=document.prepared_at,
    )


async def end(unit: Unit, kept: Sequence[KeptClock], because: str, cause: Cause | None) -> None:
    """Void the drafts of clocks that ended unmet: there is nothing left to file."""
    found = await drafts.of_clocks(unit.db, [each.clock.clock for each in kept])
    ended = await drafts.end(unit.db, [each.draft for each in found.values()])
    await drafts.void(unit.db, ended, unit.now)
    for each in found.values():
        if each.draft in ended:
            voided(unit, each, because, cause)


def voided(unit: Unit, kept: KeptDraft, because: str, cause: Cause | None = None) -> None:
    """Tell that the approvals of a draft, or the draft itself, hold no longer."""
    unit.emit(
        DraftVoided(
            case=kept.case,
            draft=event_draft(kept.document, kept.digest, kept.stage),
            because=because,
            voided_at=unit.now,
        ),
        cause=cause,
        name=f"{kept.draft} {kept.newest}",
    )


async def standings(db: Connection, clocks: Sequence[Clock]) -> dict[str, DraftLine]:
    """Where the newest draft of each clock stands, or that it is being prepared."""
    asked = [each for each in clocks if template_of(each.template) is not None]
    if not asked:
        return {}
    found = await drafts.of_clocks(db, (each.clock for each in asked))
    names = [each.draft for each in found.values()]
    filled = await drafts.fills(db, names)
    approved = await drafts.approvals(db, names)
    answer = {each.clock: pending(draft_id(each.clock)) for each in asked}
    for clock, kept in found.items():
        editors = frozenset(each.author for each in filled.get(kept.draft, ()))
        stands = standing(kept, editors, approved.get(kept.draft, ()))
        answer[clock] = draft_line(stands.document, approved=stands.complete)
    return answer

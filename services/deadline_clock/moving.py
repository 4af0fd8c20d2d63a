"""Moves the clocks of every case to a pack that came into force, a page of cases a transaction.

The timer of the next page is armed in the transaction of the page before, so that whatever dies in
between, the move goes on where it stood, on any replica, and each page counts once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from services.deadline_clock import casework
from services.deadline_clock.domain.pack_change import Applied
from services.deadline_clock.library import Library
from services.deadline_clock.store import cases, clocks, draft_standing, proposals
from services.deadline_clock.store.proposals import Proposal
from services.kit.timers import Fired
from services.kit.unit import Unit

SUBJECT = "pack-move/"
"""How the subject of a move's timers begins."""

_CASES_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Page:
    """The next cases of a move; no proposal where this timer means nothing any more."""

    fired: Fired
    proposal: Proposal | None
    cases: tuple[str, ...] = ()


def begin(unit: Unit, proposal: Proposal) -> None:
    """Let the move begin when this unit commits."""
    _arm(unit, proposal.proposal, proposal.cursor)


def _arm(unit: Unit, proposal: int, cursor: str) -> None:
    unit.arm(f"{SUBJECT}{proposal}", f"after {cursor}".strip(), unit.now)


async def page(unit: Unit, fired: Fired) -> Page:
    """Name the cases of the page that a timer is for."""
    number = int(fired.subject.removeprefix(SUBJECT))
    found = await proposals.one(unit.db, number, held=True)
    if found is None or found.moved_at is not None or fired.step != f"after {found.cursor}".strip():
        return Page(fired, None)
    named = await cases.ids_after(unit.db, found.cursor, _CASES_AT_ONCE)
    return Page(fired, found, tuple(named))


async def move(unit: Unit, packs: Library, page: Page) -> None:
    """Decide the page's cases by the packs in force, and arm the next page. The caller holds them.

    A case that ended meanwhile went into another one, which was decided by these packs then.
    """
    proposal = page.proposal
    if proposal is None:
        return
    if not page.cases:
        await proposals.finish(unit.db, proposal.proposal, unit.now)
        unit.audit(
            "pack.moved", f"pack/{proposal.pack}", reason=f"proposal {proposal.proposal}",
            after={"cases": proposal.cases, "clocks": proposal.clocks},
        )  # fmt: skip
        return
    files = await cases.load_known(unit.db, page.cases)
    desk = await casework.lay_out(unit, packs, files)
    if proposal.id == packs.escalation.id:
        await _replan(unit, desk, files, page.fired, proposal.applied)
    else:
        for facts in files.values():
            desk.settle(facts, unit.now, page.fired, moving=proposal.applied)
    await casework.keep(unit, desk.decided)
    clocks = len({each.change.after.clock.clock for each, _ in desk.decided})
    last = page.cases[-1]
    await proposals.advance(unit.db, proposal.proposal, last, len(files), clocks)
    _arm(unit, proposal.proposal, last)


async def _replan(
    unit: Unit, desk: casework.Desk, named: Iterable[str], fired: Fired, applied: Applied
) -> None:
    """Plan the steps of the clocks of these cases anew: an escalation policy moves no deadline."""
    cases_named = list(named)
    stood = await clocks.steps_of(unit.db, cases_named)
    drafts = await draft_standing.of(unit.db, stood)
    for case in cases_named:
        desk.replan(case, unit.now, fired, stood, drafts, applied)

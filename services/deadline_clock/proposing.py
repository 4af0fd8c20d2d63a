"""Puts packs in force, by two people: one proposes a text, another approves or rejects it.

A pack is held to the others when it is proposed and again when it is approved, by the packs in
force at that moment: of two approved at once the second is held to the first.
"""

from schemas.clocks import RuleKind
from services.deadline_clock import in_force, moving
from services.deadline_clock.domain.pack_change import orphaned
from services.deadline_clock.domain.pack_document import PackError
from services.deadline_clock.library import Change, with_pack
from services.deadline_clock.store import packs, proposals
from services.deadline_clock.store.proposals import Proposal
from services.kit.actors import Actor
from services.kit.unit import ForbiddenError, Unit

_ROLES = {
    RuleKind.LAW: ("regulatory", "quality"),
    RuleKind.GUIDANCE: ("regulatory", "quality"),
    RuleKind.POLICY: ("psirt", "quality"),
}
"""Who may propose, approve and reject packs of a kind."""


class SettledError(Exception):
    """The proposal waits for nobody any more, or there is nothing to propose; with the mend."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.mend = mend


class NoProposalError(Exception):
    """Nobody proposed that."""


async def check(unit: Unit, name: str, text: str) -> Change:
    """Hold a pack to those in force, to what was used before, and to the open clocks.

    Raises:
        PackError: it cannot come into force so; one line a fault, each with its mend.
    """
    held = await in_force.read(unit.db)
    found = with_pack(held, name, text)
    await packs.refuse_changed(unit.db, [found.pack])
    faults = list(orphaned(held.book, found.then.book, await proposals.open_clocks(unit.db)))
    if faults:
        raise PackError("\n".join(f"{name}: {each}" for each in faults))
    return found


async def propose(unit: Unit, name: str, text: str) -> Proposal:
    """Keep a pack for another person to approve; the packs in force stay as they are.

    Raises:
        PackError: it cannot come into force so.
        ForbiddenError: the actor may not propose packs of this kind.
        SettledError: it is in force already, or waits already.
    """
    checked = await check(unit, name, text)
    pack = checked.pack
    actor = _person(unit, pack.kind)
    if checked.replaces is not None and checked.replaces.sha256 == pack.sha256:
        raise SettledError(
            f"{pack.reference} is in force with this very text", "there is nothing to apply"
        )
    same = await proposals.waiting(unit.db, pack.sha256)
    if same is not None:
        raise SettledError(
            f"this text of {pack.reference} waits already, as proposal {same}",
            f"let another person approve it: `pack approve {same}`",
        )
    made = await proposals.add(unit.db, pack, (name, text), actor.id, unit.now)
    unit.audit("pack.propose", _subject(made), after=_state(made))
    return made


async def approve(unit: Unit, number: int) -> Proposal:
    """Put a proposed pack in force, and let the clocks of every case move to it.

    Raises:
        NoProposalError: there is no such proposal.
        PackError: it does not go together with the packs in force now, or with the open clocks.
        ForbiddenError: the actor proposed it, or may not approve packs of this kind.
        SettledError: it does not wait any more.
    """
    await packs.hold_alone(unit.db, unit.service)
    found = await _waiting(unit, number)
    actor = _person(unit, RuleKind(found.kind))
    if actor.id == found.proposed_by:
        raise ForbiddenError(
            f"{actor.id} proposed {found.pack}: another person has to approve it, "
            f"with the role {' or '.join(_ROLES[RuleKind(found.kind)])}"
        )
    checked = await check(unit, found.name, found.content)
    await packs.use(unit.db, [checked.pack])
    settled = await proposals.settle(unit.db, number, "approved", actor.id, unit.now)
    await packs.put_in_force(unit.db, found.id, number)
    moving.begin(unit, settled)
    before = checked.replaces and {"pack": checked.replaces.reference}
    unit.audit("pack.approve", _subject(settled), before=before, after=_state(settled))
    return settled


async def reject(unit: Unit, number: int, because: str) -> Proposal:
    """End a proposal; whoever proposed it may take it back so.

    Raises:
        NoProposalError: there is no such proposal.
        ForbiddenError: the actor may not settle packs of this kind.
        SettledError: it does not wait any more.
    """
    found = await _waiting(unit, number)
    actor = _person(unit, RuleKind(found.kind))
    settled = await proposals.settle(unit.db, number, "rejected", actor.id, unit.now, because)
    unit.audit(
        "pack.reject", _subject(settled),
        before=_state(found), after=_state(settled), reason=because,
    )  # fmt: skip
    return settled


async def _waiting(unit: Unit, number: int) -> Proposal:
    found = await proposals.one(unit.db, number, held=True)
    if found is None:
        raise NoProposalError(f"there is no proposal {number}")
    if found.state != "waiting":
        raise SettledError(
            f"proposal {number} of {found.pack} was {found.state} by {found.settled_by}",
            "list those that wait: `pack proposals`",
        )
    return found


def _person(unit: Unit, kind: RuleKind) -> Actor:
    actor = unit.require(*_ROLES[kind])
    if actor.kind != "person":
        raise ForbiddenError(f"{actor.id} is no person: two people put a pack in force")
    return actor


def _subject(proposal: Proposal) -> str:
    return f"pack/{proposal.pack}"


def _state(proposal: Proposal) -> dict[str, object]:
    return {
        "proposal": proposal.proposal, "state": proposal.state, "sha256": proposal.sha256,
        "proposed_by": proposal.proposed_by, "settled_by": proposal.settled_by,
    }  # fmt: skip

"""Tells the topic `coverage` what to hold: changed cells, and the end of a campaign's cells.

The topic forgets a campaign 30 days after it ended; PostgreSQL never does. A change that comes
later, such as a device back on an old version, has all its cells published again, so that a new
reader finds the whole picture or none, and forgotten again 30 days after that change.
"""

from collections.abc import Iterable, Sequence

from schemas.campaigns import CoverageChanged, CoverageForgotten
from services.deployment_tracker.domain.coverage import FORGOTTEN_AFTER, coverage
from services.deployment_tracker.store import publication as store
from services.kit.records import Cause
from services.kit.timers import Fired, Timers
from services.kit.unit import Unit

timers = Timers()

_SUBJECT = "campaign/"
_STEP = "coverage.forgotten"


async def publish(unit: Unit) -> int:
    """Emit the absolute counts of every cell that changed; return how many.

    Whoever moves a device holds its campaign's lock until commit: without it, counts that are not
    committed yet would be missed, and nothing would be due any more.
    """
    due = await store.campaigns_due(unit.db)
    await unit.lock("campaign", due)
    cells = await store.take_due(unit.db, due)
    for each in cells:
        counted = coverage(each.counts)
        unit.emit(
            CoverageChanged(
                campaign=each.cell.campaign,
                case=each.case,
                product=each.cell.product,
                version=each.cell.version,
                hardware=each.cell.hardware,
                market=each.cell.market,
                method=each.cell.method,
                wave=each.cell.wave,
                states=dict(counted.states),
                total=counted.total,
                covered=counted.covered,
                counted_at=unit.now,
            ),
            case=each.case,
        )
    return len(cells)


def forget_later(unit: Unit, campaigns: Iterable[str], cause: Cause | None) -> None:
    """Have the topic forget campaigns that end, or change, now."""
    for name in campaigns:
        unit.arm(_SUBJECT + name, _STEP, unit.now + FORGOTTEN_AFTER, cause=cause)


async def recall(unit: Unit, campaigns: Iterable[str], cause: Cause | None) -> None:
    """Publish again what changed after it was forgotten. The campaigns' locks are held."""
    forget_later(unit, await store.recall(unit.db, campaigns), cause)


@timers.on_fire
async def on_forgotten(fired: Sequence[Fired], unit: Unit) -> None:
    """End the cells of campaigns whose time on the topic is over."""
    causes = {each.subject.removeprefix(_SUBJECT): each for each in fired}
    await unit.lock("campaign", causes)
    for cell, case in await store.forget(unit.db, causes, unit.now):
        unit.emit(CoverageForgotten(cell.key), cause=causes[cell.campaign], case=case)

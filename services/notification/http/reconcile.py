"""Recomputes notification's joins: drafts against clocks and facts, alerts against their people."""

from pydantic import BaseModel, ConfigDict

from services.kit import http
from services.kit.http import CurrentUnit
from services.notification import drafting
from services.notification.loading import load
from services.notification.store import alerts, clocks, facts
from services.notification.template_library import template_of

router = http.router("notification")

_PAGE = 200


class Reconciliation(BaseModel):
    """What was compared and what differs; `differences` must be empty when nothing is in flight."""

    model_config = ConfigDict(frozen=True)

    compared: int
    in_flight: int
    differences: list[str]


@router.get("/v1/reconcile")
async def reconcile(unit: CurrentUnit) -> Reconciliation:
    """Prepare every live draft anew and compare; look for alerts that nobody is told of."""
    unit.require("admin")
    cases = await clocks.live_cases(unit.db)
    differences: list[str] = []
    compared = 0
    for start in range(0, len(cases), _PAGE):
        held = await load(unit.db, cases[start : start + _PAGE])
        compared += len(held.clocks)
        work = await drafting.preparations(held, unit, "reconcile")
        differences.extend(
            f"draft {revision.document.draft} of clock {revision.document.duty.clock} is stale"
            for revision, _ in work.revisions
        )
        differences.extend(
            f"clock {each.clock.clock} names the unknown template {each.clock.template}"
            for each in held.clocks
            if each.live and each.clock.template and template_of(each.clock.template) is None
        )
    differences.extend(f"alert {name} tells nobody" for name in await alerts.silent(unit.db))
    differences.extend(
        f"alert {name} is open though its clock ended" for name in await alerts.orphans(unit.db)
    )
    waiting = await facts.waiting(unit.db)
    return Reconciliation(compared=compared, in_flight=waiting, differences=differences)

"""The check that recomputes every join and compares: its differences must be none."""

from pydantic import Field

from services.kit.http import CurrentUnit
from services.kit.http import router as make_router
from services.kit.unit import Unit
from services.triage.casework import differences
from services.triage.http.desk import Told
from services.triage.store import upkeep

router = make_router("triage")

_PAGE = 500
_SHOWN = 100


class Reconciled(Told):
    """What a recomputation of every case found."""

    vulnerabilities: int
    reports: int
    difference: int = Field(description="How many joins are not as the facts make them: 0.")
    differences: list[str] = Field(description="The first of them, in words.")


@router.get("/v1/reconcile")
async def reconcile(unit: CurrentUnit) -> Reconciled:
    """Recompute every case from the facts held, and name what its stored state lacks."""
    unit.require("admin")
    found = await upkeep.lost(unit.db)
    seen, after = 0, ""
    while names := await upkeep.vulnerabilities(unit.db, after, _PAGE):
        found += await _twice(unit, names, [])
        seen, after = seen + len(names), names[-1]
    reports, after = 0, ""
    while names := await upkeep.reports(unit.db, after, _PAGE):
        found += await _twice(unit, [], names)
        reports, after = reports + len(names), names[-1]
    return Reconciled(
        vulnerabilities=seen,
        reports=reports,
        difference=len(found),
        differences=found[:_SHOWN],
    )


async def _twice(unit: Unit, names: list[str], reports: list[str]) -> list[str]:
    """Look again where something differs: a batch may have been committed between two reads."""
    first = await differences(unit, names, reports)
    return (
        [each for each in await differences(unit, names, reports) if each in first] if first else []
    )

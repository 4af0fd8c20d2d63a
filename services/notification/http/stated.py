"""Refuses instants that people state and that cannot be, by what the catalogue says of products."""

from collections.abc import Iterable
from datetime import datetime

from schemas.cases import CaseScoped
from schemas.catalogue import ProductRegistered
from services.kit.http import Problem
from services.kit.unit import Unit
from services.notification.domain.instants import impossible
from services.notification.store import facts


async def check_possible(unit: Unit, at: datetime, pointer: str, products: Iterable[str]) -> None:
    """Refuse an instant that cannot be.

    Raises:
        Problem: it lies in the future, or before the products existed.
    """
    wanted = [("product", each) for each in sorted(set(products))]
    held = [each.body for each in await facts.by_id(unit.db, wanted)]
    known = [each for each in held if isinstance(each, ProductRegistered)]
    # Of a product that the catalogue does not know nobody can say since when it exists.
    if why := impossible(at, unit.now, known if len(known) == len(wanted) else ()):
        raise Problem(422, "Request is not valid", why.reason, pointer, why.mend)


async def products_of(unit: Unit, case: str) -> tuple[str, ...]:
    """The products that a case bears on, as far as it said so."""
    living = (await facts.survivors(unit.db, [case])).get(case, case)
    held = await facts.by_id(unit.db, [("case", living)])
    return tuple(
        item.product
        for each in held
        if isinstance(each.body, CaseScoped)
        for item in each.body.items
    )

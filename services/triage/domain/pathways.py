"""Which questions a change raises in the US and the EU: decision support that a person signs.

Nothing here decides: every text reads "assess …" or "document …", and the route to the Notified
Body follows from the certificate, not from the device's class alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.cases import Category
from schemas.catalogue import EuRegime
from services.triage.domain.packs import ChangePathways, EmergencyBasis, Fact, PathwayEntry
from services.triage.domain.products import ProductState, in_eu, in_us, standing_facts
from services.triage.domain.refusal import RefusalError


@dataclass(frozen=True, slots=True)
class Pathway:
    """What to assess and document for one measure in one product."""

    us: tuple[str, ...]
    eu: tuple[str, ...]
    notified_body_route: str
    pack: str


def pathway(
    category: Category,
    band: str | None,
    state: ProductState | None,
    basis: str | None,
    pack: ChangePathways,
) -> Pathway:
    """Look up what a change raises for a product; a market it is not in raises nothing.

    `band` None (nobody has banded it) takes the entries of every band: the stricter side.

    Raises:
        RefusalError: the emergency basis is unknown, or is none.
    """
    facts = standing_facts(state)
    us = _texts(pack.us, category, band, facts) if state is None or in_us(state.product) else []
    eu = _texts(pack.eu, category, band, facts) if state is None or in_eu(state.product) else []
    route = pack.notified_body_routes[_certificate(state, facts)]
    if Fact.EU_DEVICE in facts and (state is None or in_eu(state.product)):
        eu.append(f"{route.text} [{route.source}]")
    if basis is not None:
        ground = emergency_basis(basis, pack)
        eu.append(f"{ground.text} [{ground.source}]")
    name = f"{route.route}+protocol" if basis == "nb_protocol" else route.route
    return Pathway(tuple(us), tuple(eu), name, pack.name)


def emergency_basis(basis: str, pack: ChangePathways) -> EmergencyBasis:
    """The ground on which a change is released sooner.

    Raises:
        RefusalError: it is unknown, or the pack says why it is no such ground.
    """
    accepted = sorted(name for name, each in pack.emergency_bases.items() if each.accepted)
    mend = f"name one of {', '.join(accepted)}, or none"
    found = pack.emergency_bases.get(basis)
    if found is None:
        raise RefusalError(
            f"{basis!r} is no emergency basis", pointer="/emergency_basis", mend=mend
        )
    if not found.accepted:
        raise RefusalError(f"{found.text} [{found.source}]", pointer="/emergency_basis", mend=mend)
    return found


def _texts(
    entries: Iterable[PathwayEntry], category: Category, band: str | None, facts: frozenset[Fact]
) -> list[str]:
    return [
        f"{entry.text} [{entry.source}]"
        for entry in entries
        if category in entry.categories
        and (not entry.bands or band is None or band in entry.bands)
        and (entry.when is None or entry.when in facts)
        and entry.unless not in facts
    ]


def _certificate(state: ProductState | None, facts: frozenset[Fact]) -> str:
    """The certificate as the pack keys it: `unknown` while nobody stated one."""
    if Fact.EU_DEVICE not in facts:
        return "none"
    eu = state.product.eu if state is not None else None
    if eu is None or eu.certificate is None or eu.regime is EuRegime.NONE:
        return "unknown"
    return eu.certificate.value

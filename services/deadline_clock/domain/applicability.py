"""Whether an obligation binds for a product: mandatory, shadow or off, with reason and article.

A fact that nobody has stated is read on the stricter side and named as assumed until somebody does.
"""

from dataclasses import dataclass

from schemas.catalogue import EntityRegistered, EuRegime, ProductRegistered, QualificationKind
from schemas.clocks import ClockMode
from services.deadline_clock.domain.calendars import BRUSSELS, MEMBER_STATES, ZONES
from services.deadline_clock.domain.rules import Regime, Rule
from services.deadline_clock.domain.terms import PLACES

NOT_A_DUTY = "not a legal duty"
"""How every shadow clock's reason begins."""

_EXCLUSIONS = {
    EuRegime.MDR: "MDR device: CRA Article 2(2)(a), under Regulation (EU) 2017/745",
    EuRegime.IVDR: "IVDR device: CRA Article 2(2)(b), under Regulation (EU) 2017/746",
}


@dataclass(frozen=True, slots=True)
class Applicability:
    """The mode of an obligation, why, and which facts were assumed for it."""

    mode: ClockMode
    reason: str
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a period is counted: the Member State whose holidays count, and the zone."""

    country: str | None
    zone: str
    assumed: tuple[str, ...] = ()


def applicability(rule: Rule, product: ProductRegistered | None) -> Applicability:
    """Answer for one product; None is a product that the catalogue does not hold (yet)."""
    if rule.regime is Regime.CRA:
        return _cra(product)
    if rule.regime is Regime.US_806:
        return _us_806(product)
    if rule.regime is Regime.COMPANY:
        return Applicability(ClockMode.MANDATORY, f"company policy, not law: {rule.pack}")
    return Applicability(ClockMode.OFF, f"no facts answer yet whether {rule.regime.value} applies")


def _cra(product: ProductRegistered | None) -> Applicability:
    if product is None:
        return Applicability(
            ClockMode.MANDATORY,
            "CRA Article 2(1): taken as a product in scope, the catalogue does not hold it",
            ("the product is not in the catalogue: taken as no medical device",),
        )
    if product.qualification is None:
        return Applicability(
            ClockMode.MANDATORY,
            "CRA Article 2(1): taken as a product in scope while nobody has qualified it",
            ("qualification is undecided: taken as no medical device",),
        )
    if product.qualification.kind is not QualificationKind.NOT_A_DEVICE:
        return _cra_of_device(product, product.qualification.kind)
    if product.markets and MEMBER_STATES.isdisjoint(product.markets):
        return Applicability(
            ClockMode.SHADOW,
            f"{NOT_A_DUTY}: CRA Article 2(1): not made available on the Union market",
        )
    assumed = () if product.markets else ("markets are unknown: taken as on the Union market",)
    return Applicability(
        ClockMode.MANDATORY,
        "CRA Article 2(1): a product with digital elements that is no medical device",
        assumed,
    )


def _cra_of_device(product: ProductRegistered, kind: QualificationKind) -> Applicability:
    if product.eu is None:
        return Applicability(
            ClockMode.SHADOW,
            f"{NOT_A_DUTY}: CRA Article 2(2): a medical device",
            ("the EU regime is unknown: taken as MDR or IVDR from the qualification",),
        )
    if product.eu.regime is EuRegime.NONE:
        return Applicability(
            ClockMode.MANDATORY,
            "CRA Article 2(2) excludes devices under MDR or IVDR; this one is under neither",
            ("a device without an EU regime: taken as in scope of the CRA",),
        )
    accessory = ", as an accessory" if kind is QualificationKind.ACCESSORY else ""
    legacy = (
        ("a legacy device (MDR Article 120): taken as excluded too, for legal review",)
        if product.eu.legacy
        else ()
    )
    reason = f"{NOT_A_DUTY}: {_EXCLUSIONS[product.eu.regime]}{accessory}"
    return Applicability(ClockMode.SHADOW, reason, legacy)


def _us_806(product: ProductRegistered | None) -> Applicability:
    assumed: list[str] = []
    if product is None:
        assumed.append("the product is not in the catalogue: taken as a device on the US market")
    elif product.qualification is None:
        assumed.append("qualification is undecided: taken as a medical device")
    elif product.qualification.kind is QualificationKind.NOT_A_DEVICE:
        return Applicability(ClockMode.OFF, "21 CFR 806.1(a): not a medical device")
    if product is not None and not product.markets:
        assumed.append("markets are unknown: taken as on the US market")
    elif product is not None and "US" not in product.markets:
        return Applicability(ClockMode.OFF, "21 CFR 806.1(a): not on the United States market")
    return Applicability(
        ClockMode.MANDATORY, "21 CFR 806.10: a device on the United States market", tuple(assumed)
    )


def place(rule: Rule, entity: EntityRegistered | None) -> Place:
    """Where a rule's period is counted: its own zone, or that of the main establishment.

    CRA Article 14(7) begins with the Member State of the main establishment. Where that is unknown,
    Brussels time and no holidays are assumed: the stricter reading, an end rolls less far.
    """
    if rule.zone not in PLACES:
        return Place(rule.countries[0] if rule.countries else None, rule.zone)
    stated = entity.main_establishment if entity is not None else None
    if stated is not None and stated.country in MEMBER_STATES:
        return Place(stated.country, ZONES[stated.country])
    seat = entity.country if entity is not None else None
    if stated is None and seat is not None and seat in MEMBER_STATES:
        return Place(seat, ZONES[seat], ("main establishment is unknown: taken as the seat",))
    return Place(
        None, BRUSSELS, ("main establishment is unknown: Brussels time, no public holidays",)
    )

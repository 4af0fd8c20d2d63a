"""Whether an obligation binds for a product: mandatory, shadow or off, with reason and article.

A fact that nobody has stated is read on the stricter side and named as assumed until somebody does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from schemas.catalogue import (
    EntityRegistered,
    EuRegime,
    Nis2Status,
    ProductRegistered,
    QualificationKind,
)
from schemas.clocks import ClockMode
from services.deadline_clock.domain.calendars import MEMBER_STATES
from services.deadline_clock.domain.rules import Regime, Rule

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


def applicability(
    rule: Rule,
    product: ProductRegistered | None,
    maker: EntityRegistered | None = None,
    member_state: str | None = None,
) -> Applicability:
    """Answer for one product; None is a product that the catalogue does not hold (yet).

    NIS2 asks of the entity that makes it, in one Member State.
    """
    if rule.regime is Regime.COMPANY:
        return Applicability(ClockMode.MANDATORY, f"company policy, not law: {rule.pack}")
    if rule.regime is Regime.NIS2:
        return _nis2(maker, member_state, national=bool(rule.countries))
    return _OF_PRODUCTS[rule.regime](product)


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
            ClockMode.MANDATORY,
            "CRA Article 2(2) excludes devices under MDR or IVDR; of this one nobody has said so",
            ("the EU regime is unknown: taken as under neither MDR nor IVDR",),
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


def _vigilance(regime: Regime, product: ProductRegistered | None) -> Applicability:
    """MDR Article 87 and IVDR Article 82: devices and accessories on the Union market."""
    mine = EuRegime.MDR if regime is Regime.EU_MDR else EuRegime.IVDR
    article = "MDR Article 87(1)" if mine is EuRegime.MDR else "IVDR Article 82(1)"
    assumed: list[str] = []
    if product is None:
        assumed.append("the product is not in the catalogue: taken as a device on the Union market")
    elif product.qualification is None:
        assumed.append("qualification is undecided: taken as a medical device")
    elif product.qualification.kind is QualificationKind.NOT_A_DEVICE:
        return Applicability(ClockMode.OFF, f"{article}: not a medical device")
    stated = product.eu.regime if product is not None and product.eu is not None else None
    if stated is not None and stated is not mine:
        return Applicability(ClockMode.OFF, f"{article}: the product is under {stated.value}")
    if stated is None:
        if mine is EuRegime.IVDR:
            return Applicability(ClockMode.OFF, f"{article}: taken as an MDR device, not an IVD")
        assumed.append("the EU regime is unknown: taken as MDR, whose periods are the IVDR's too")
    if product is not None and not product.markets:
        assumed.append("markets are unknown: taken as on the Union market")
    elif product is not None and MEMBER_STATES.isdisjoint(product.markets):
        return Applicability(ClockMode.OFF, f"{article}: not made available on the Union market")
    reason = f"{article}: a device made available on the Union market"
    return Applicability(ClockMode.MANDATORY, reason, tuple(assumed))


def _nis2(
    maker: EntityRegistered | None, member_state: str | None, *, national: bool
) -> Applicability:
    """NIS2 belongs to the entity, by its status in each Member State."""
    where = member_state or "a Member State that nobody has stated"
    law = f"the national law of {where}" if national else "directive default"
    if member_state is not None and not national:
        law += f", not {where}'s law"
    stated = maker.nis2.get(member_state or "") if maker is not None else None
    if stated is Nis2Status.OUT_OF_SCOPE:
        return Applicability(ClockMode.OFF, f"NIS2 Article 2: out of scope in {where}")
    if stated is None:
        return Applicability(
            ClockMode.MANDATORY,
            f"NIS2 Article 23 ({law}): taken as an important entity",
            (f"NIS2 status in {where} is unknown: taken as important (Annex II)",),
        )
    reason = f"NIS2 Article 23 ({law}): an {stated.value} entity in {where}"
    return Applicability(ClockMode.MANDATORY, reason)


_GUIDANCE_2016 = "FDA, Postmarket Management of Cybersecurity in Medical Devices, 2016-12-28"


def _us_device(scope: str, authority: str, product: ProductRegistered | None) -> Applicability:
    """What binds for a device on the United States market only."""
    assumed: list[str] = []
    if product is None:
        assumed.append("the product is not in the catalogue: taken as a device on the US market")
    elif product.qualification is None:
        assumed.append("qualification is undecided: taken as a medical device")
    elif product.qualification.kind is QualificationKind.NOT_A_DEVICE:
        return Applicability(ClockMode.OFF, f"{scope}: not a medical device")
    if product is not None and not product.markets:
        assumed.append("markets are unknown: taken as on the US market")
    elif product is not None and "US" not in product.markets:
        return Applicability(ClockMode.OFF, f"{scope}: not on the United States market")
    return Applicability(
        ClockMode.MANDATORY, f"{authority}: a device on the United States market", tuple(assumed)
    )


_OF_PRODUCTS: dict[Regime, Callable[[ProductRegistered | None], Applicability]] = {
    Regime.CRA: _cra,
    Regime.EU_MDR: partial(_vigilance, Regime.EU_MDR),
    Regime.EU_IVDR: partial(_vigilance, Regime.EU_IVDR),
    Regime.US_806: partial(_us_device, "21 CFR 806.1(a)", "21 CFR 806.10"),
    Regime.US_803: partial(_us_device, "21 CFR 803.1", "21 CFR 803.50"),
    Regime.US_POSTMARKET_2016: partial(
        _us_device, _GUIDANCE_2016, f"guidance, no duty: {_GUIDANCE_2016}"
    ),
    Regime.CIRCIA: lambda _product: Applicability(ClockMode.OFF, "a proposal is no duty"),
}

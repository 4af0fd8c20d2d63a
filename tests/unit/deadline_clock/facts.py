"""Facts for the tests of decisions: short ways to say what happened to one product of one case."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from schemas.catalogue import (
    EntityRegistered,
    Establishment,
    EuFacts,
    EuRegime,
    ProductRegistered,
    Qualification,
    QualificationKind,
)
from schemas.clocks import ClockEscalated
from services.deadline_clock.domain.change import Held
from services.deadline_clock.domain.decide import Decided, decide
from services.deadline_clock.domain.facts import (
    Assessment,
    CaseFacts,
    MeasureState,
    Signal,
    Surroundings,
)
from services.deadline_clock.domain.rules import Rule
from services.deadline_clock.library import library

T0 = datetime(2026, 11, 20, 15, 42, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BOOK, ESCALATION = library().book, library().escalation
WARNING, NOTIFICATION, FINAL = (
    "cra.aev.early_warning",
    "cra.aev.notification",
    "cra.aev.final",
)

MAKER = EntityRegistered(
    entity="maker",
    name="Maker",
    main_establishment=Establishment(country="BE", basis="decisions are taken there"),
    registered_at=T0,
)


def product(
    kind: QualificationKind | None = QualificationKind.NOT_A_DEVICE,
    regime: EuRegime | None = None,
    markets: tuple[str, ...] = ("BE", "US"),
    name: str = "gateway",
    *,
    legacy: bool = False,
) -> ProductRegistered:
    """A product of this kind; a device is one under MDR unless said otherwise."""
    device = kind not in {None, QualificationKind.NOT_A_DEVICE}
    chosen = regime or (EuRegime.MDR if device else EuRegime.NONE)
    return ProductRegistered(
        product=name,
        name=name,
        entity="maker",
        qualification=None
        if kind is None
        else Qualification(kind=kind, rationale="r", decided_by="ra", decided_on=date(2026, 1, 1)),
        eu=EuFacts(regime=chosen, legacy=legacy),
        markets=markets,
        registered_at=T0,
    )


def around(*products: ProductRegistered) -> Surroundings:
    """A catalogue of these products, made by one entity in Belgium."""
    known = products or (product(),)
    return Surroundings({each.product: each for each in known}, {"maker": MAKER})


def signal(
    at: datetime = T0,
    name: str = "gateway",
    *,
    backfill: bool = False,
    reported_at: datetime | None = None,
    evidence: str = "s-1",
) -> Signal:
    """Evidence of exploitation held at an instant."""
    return Signal(evidence, name, "kev", "catalogue", at, reported_at, backfill)


def confirmed(aware_at: datetime = T0, at: datetime | None = None) -> Assessment:
    """A person's yes."""
    return Assessment("gateway", True, aware_at, at or aware_at, "psirt", "logs")


def rejected(at: datetime = T0 + HOUR) -> Assessment:
    """A person's no."""
    return Assessment("gateway", False, None, at, "psirt", "not reachable", (), "a path is found")


CASE = CaseFacts("PV-2026-0001", title="T", identifiers=("CVE-2026-1",))
SIGNALLED = replace(CASE, signals=(signal(),))
PATCH = MeasureState("fix", "patch", ("gateway",), "quality", T0, None)


def rule_of(name: str) -> Rule:
    """A rule of the packs by its id."""
    found = BOOK.rule(name)
    assert found is not None
    return found


class Clockwork:
    """A case whose clocks are decided again and again, as the service does."""

    def __init__(self, surroundings: Surroundings | None = None) -> None:
        self.around = surroundings or around()
        self.held: dict[str, Held] = {}

    def decide(self, facts: CaseFacts, now: datetime = T0) -> tuple[Decided, ...]:
        """Decide and let it be so."""
        found = decide(facts, self.around, tuple(self.held.values()), BOOK, ESCALATION, now)
        self.held |= {each.change.after.clock.clock: each.change.after for each in found}
        return found

    def of(self, rule: str) -> Held:
        """The clock of a rule."""
        return next(each for each in self.held.values() if each.clock.rule == rule)


def pages(decided: tuple[Decided, ...]) -> list[ClockEscalated]:
    """Who is told, of what was decided."""
    return [event for each in decided for event in each.events if isinstance(event, ClockEscalated)]

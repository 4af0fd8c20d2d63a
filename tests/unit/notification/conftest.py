"""Facts and templates that pure tests of drafts share."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.cases import CaseKind, CaseScoped, ScopeItem, ScopeStatus
from schemas.catalogue import EntityRegistered, EuFacts, EuRegime, ProductRegistered
from schemas.clocks import Anchor, Clock, ClockMode, ClockState, MetBy, RuleKind
from services.notification.domain.document import DraftDocument
from services.notification.domain.draft import Earlier, Fill, Preparation, prepare
from services.notification.domain.facts import CaseFacts, Held, Source
from services.notification.template_library import library

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOURCE = Source("event", str(UUID(int=1)), NOW, "case.scoped.v1")


def clock(**more: Any) -> Clock:
    """A mandatory 24 h clock on the gateway."""
    values: dict[str, Any] = {
        "clock": "k1", "case": "PV-1", "rule": "cra.aev.early_warning", "pack": "cra@1",
        "kind": RuleKind.LAW, "label": "CRA 24 h early warning", "authority": "Article 14(2)(a)",
        "stage": "early_warning", "met_by": MetBy.FILING, "product": "gateway",
        "mode": ClockMode.MANDATORY, "mode_reason": "in scope", "state": ClockState.RUNNING,
        "anchor": Anchor(name="aware_at", at=NOW, set_by="psirt", set_at=NOW),
        "due_operational": NOW + timedelta(hours=24), "started_at": NOW, **more,
    }  # fmt: skip
    return Clock(**values)


def product(**more: Any) -> ProductRegistered:
    """The gateway."""
    values: dict[str, Any] = {
        "product": "gateway", "name": "Ward Gateway", "entity": "maker",
        "eu": EuFacts(regime=EuRegime.NONE), "markets": ("DE", "NO"),
        "support_ends_on": date(2031, 1, 1), "registered_at": NOW, **more,
    }  # fmt: skip
    return ProductRegistered(**values)


def scoped(*items: tuple[str, ScopeStatus]) -> CaseScoped:
    """The case's scope on the gateway."""
    return CaseScoped(
        case="PV-1", kind=CaseKind.VULNERABILITY, title="Flaw", summary="A flaw.",
        identifiers=("CVE-2026-1",), scoped_at=NOW,
        items=tuple(
            ScopeItem(product="gateway", version=version, status=status, held_at=NOW)
            for version, status in items
        ),
    )  # fmt: skip


def facts(**more: Any) -> CaseFacts:
    """Everything held that a draft asks for first."""
    values: dict[str, Any] = {
        "clock": Held(clock(), SOURCE), "now": NOW,
        "case": Held(scoped(("4.1", ScopeStatus.AFFECTED)), SOURCE),
        "product": Held(product(), SOURCE),
        "entity": Held(EntityRegistered(entity="maker", name="Maker", registered_at=NOW), SOURCE),
        **more,
    }  # fmt: skip
    return CaseFacts(**values)


@dataclass(frozen=True, slots=True)
class Desk:
    """Prepares drafts."""

    template: str = "srp-aev-early-warning"

    def draft(
        self,
        held: CaseFacts | None = None,
        *fills: Fill,
        revision: int = 1,
        earlier: tuple[Earlier, ...] = (),
    ) -> DraftDocument:
        """One revision."""
        return prepare(
            Preparation(
                "d1", revision, library()[self.template], held or facts(),
                {each.field: each for each in fills}, earlier,
            )
        )  # fmt: skip


@pytest.fixture
def desk() -> Desk:
    return Desk()

"""Loads everything that the drafts of some cases are made of, a fixed number of queries for all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel

from schemas.campaigns import CampaignPlanned, CoverageChanged
from schemas.cases import CaseScoped, ExploitationAssessed, Measure, RiskAssessed
from schemas.catalogue import EntityRegistered, ProductRegistered
from schemas.drafts import NoticeSent
from schemas.findings import VulnerabilityDescribed
from services.kit.database import Connection
from services.notification.domain.document import DraftDocument
from services.notification.domain.draft import Fill
from services.notification.domain.facts import CaseFacts, Held, Source
from services.notification.store import clocks, drafts, facts, papers
from services.notification.store.clocks import KeptClock
from services.notification.store.drafts import Approval, KeptDraft
from services.notification.store.facts import Fact

FactT = TypeVar("FactT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is held of some cases: their clocks, drafts and every fact around them."""

    clocks: Sequence[KeptClock]
    survivors: Mapping[str, str]
    facts: Mapping[tuple[str, str], Fact]
    notices: Sequence[NoticeSent]
    drafts: Mapping[str, KeptDraft]
    fills: Mapping[str, Sequence[Fill]]
    approvals: Mapping[str, Sequence[Approval]]
    revisions: Mapping[tuple[str, int], DraftDocument]
    """The filed and the approved revisions, by draft and number."""

    def case_facts(self, kept: KeptClock, now: datetime) -> CaseFacts:
        """What the draft of one clock may draw on."""
        clock = kept.clock
        case = self.survivors.get(clock.case, clock.case)
        scoped = self._one(CaseScoped, "case", case)
        product = self._one(ProductRegistered, "product", clock.product)
        entity = clock.entity or (product.fact.entity if product else None)
        of_product = f"{case}/{clock.product}"
        vulnerability = scoped.fact.vulnerability if scoped else None
        return CaseFacts(
            clock=Held(clock, Source("event", str(kept.event), kept.at, kept.type)),
            now=now,
            case=scoped,
            vulnerability=self._one(VulnerabilityDescribed, "vulnerability", vulnerability),
            product=product,
            entity=self._one(EntityRegistered, "entity", entity),
            assessment=self._one(ExploitationAssessed, "assessment", of_product),
            risk=self._one(RiskAssessed, "risk", of_product),
            measures=self._all(Measure, "measure", case),
            campaigns=self._all(CampaignPlanned, "campaign", case),
            coverage=self._all(CoverageChanged, "coverage", case),
            notices=self._notices(clock.case, case, clock.product),
        )

    def _one(self, model: type[FactT], kind: str, name: str | None) -> Held[FactT] | None:
        fact = self.facts.get((kind, name)) if name is not None else None
        return _held(fact, model) if fact is not None else None

    def _all(self, model: type[FactT], kind: str, case: str) -> tuple[Held[FactT], ...]:
        found = [f for f in self.facts.values() if f.kind == kind and f.scope == case]
        return tuple(_held(fact, model) for fact in sorted(found, key=lambda fact: fact.id))

    def _notices(
        self, named: str, survivor: str, product: str | None
    ) -> tuple[Held[NoticeSent], ...]:
        return tuple(
            Held(each, Source("person", each.sent_by, each.sent_at, f"notice {each.notice}"))
            for each in self.notices
            if each.case in {named, survivor} and each.product in {None, product}
        )


def _held(fact: Fact, model: type[FactT]) -> Held[FactT]:
    body: Any = fact.body
    if not isinstance(body, model):
        raise TypeError(f"a fact of kind {fact.kind} is a {type(body).__name__}")
    return Held(body, Source("event", str(fact.event), fact.at, fact.type))


async def load(db: Connection, cases: Iterable[str]) -> Holdings:
    """Load all that the drafts of these cases need."""
    named = sorted(set(cases))
    kept = await clocks.of_cases(db, named)
    survivors = await facts.survivors(db, named)
    every = sorted({*named, *survivors.values()})
    of_cases = await facts.of_scopes(db, every)
    around = await facts.by_id(db, _around(kept, of_cases))
    entities = await facts.by_id(db, _entities(kept, around))
    found = await drafts.of_cases(db, named)
    names = [each.draft for each in found]
    approved = await drafts.approvals(db, names)
    return Holdings(
        clocks=kept,
        survivors=survivors,
        facts={(f.kind, f.id): f for f in (*of_cases, *around, *entities)},
        notices=await papers.notices_of(db, every),
        drafts={each.clock: each for each in found},
        fills=await drafts.fills(db, names),
        approvals=approved,
        revisions=await drafts.some_revisions(db, _kept_revisions(found, approved)),
    )


def _kept_revisions(
    found: Sequence[KeptDraft], approved: Mapping[str, Sequence[Approval]]
) -> set[tuple[str, int]]:
    filed = {(d.draft, d.filed_revision) for d in found if d.filed_revision is not None}
    return filed | {(draft, each.revision) for draft, all_ in approved.items() for each in all_}


def _around(kept: Sequence[KeptClock], of_cases: Sequence[Fact]) -> set[tuple[str, str]]:
    wanted = {("product", each.clock.product) for each in kept if each.clock.product}
    for fact in of_cases:
        if isinstance(fact.body, CaseScoped) and fact.body.vulnerability:
            wanted.add(("vulnerability", fact.body.vulnerability))
    return wanted


def _entities(kept: Sequence[KeptClock], around: Sequence[Fact]) -> set[tuple[str, str]]:
    named = {each.clock.entity for each in kept if each.clock.entity}
    made = {f.body.entity for f in around if isinstance(f.body, ProductRegistered)}
    return {("entity", each) for each in named | made}

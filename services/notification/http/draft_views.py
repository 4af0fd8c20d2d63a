"""How a draft is shown over HTTP: with its authors, approvals, gaps and what is outdated."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from services.kit.unit import Unit
from services.notification import drafting
from services.notification.domain.approval import Standing
from services.notification.domain.document import DraftDocument, OpenField
from services.notification.store import drafts
from services.notification.store.drafts import KeptDraft


class Out(BaseModel):
    """The base of what these calls answer."""

    model_config = ConfigDict(frozen=True)


class DraftSummary(Out):
    """A draft's newest revision, without its text."""

    draft: str
    clock: str
    case: str
    product: str | None
    rule: str
    stage: str | None
    template: str
    standing: str
    shadow: bool
    ended: bool
    revision: int
    digest: str
    because: str
    prepared_at: datetime
    authors: list[str]
    approved_by: list[str]
    approvals_needed: int
    approved: bool
    approved_revision: int | None
    outdated_fields: list[str]
    filed_revision: int | None
    gaps: list[OpenField]


class DraftOut(DraftSummary):
    """A draft with its document, as the digest binds it."""

    document: DraftDocument


async def shown_of(unit: Unit, kept: list[KeptDraft]) -> list[DraftOut]:
    """Drafts as they stand now."""
    names = [each.draft for each in kept]
    filled = await drafts.fills(unit.db, names)
    approved = await drafts.approvals(unit.db, names)
    older = await drafts.some_revisions(
        unit.db, [(name, each.revision) for name, all_ in approved.items() for each in all_]
    )
    shown = []
    for each in kept:
        editors = frozenset(fill.author for fill in filled.get(each.draft, ()))
        found = approved.get(each.draft, [])
        stands = drafting.standing(each, editors, found)
        best = drafting.approved_among(editors, found, each.draft, older)
        shown.append(_out(each, stands, best))
    return shown


def _out(kept: KeptDraft, stands: Standing, best: DraftDocument | None) -> DraftOut:
    document = stands.document
    return DraftOut(
        draft=kept.draft,
        clock=kept.clock,
        case=kept.case,
        product=kept.product,
        rule=kept.rule,
        stage=kept.stage,
        template=f"{document.template.id}@{document.template.version}",
        standing=document.standing,
        shadow=kept.shadow,
        ended=kept.ended,
        revision=kept.newest,
        digest=kept.digest,
        because=kept.because,
        prepared_at=kept.prepared_at,
        authors=sorted(stands.authors),
        approved_by=sorted(stands.approved_by),
        approvals_needed=stands.needed,
        approved=stands.complete,
        approved_revision=best.revision if best is not None else None,
        outdated_fields=list(drafting.differing(best, document)),
        filed_revision=kept.filed_revision,
        gaps=list(document.gaps),
        document=document,
    )

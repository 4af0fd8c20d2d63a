"""A pack that two people applied: who is named for what it does, and what it must keep."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from schemas.clocks import ClockMoved
from services.deadline_clock.domain.decide import Decided, decide
from services.deadline_clock.domain.facts import CaseFacts
from services.deadline_clock.domain.pack_change import Applied, attributed, orphaned
from services.deadline_clock.domain.pack_document import PackError
from services.deadline_clock.domain.rules import RuleBook, Status
from services.deadline_clock.library import Text, library, overlaid, with_pack
from tests.unit.deadline_clock.facts import (
    BOOK,
    ESCALATION,
    HOUR,
    T0,
    WARNING,
    Clockwork,
    confirmed,
    pages,
    signal,
)
from tests.unit.deadline_clock.test_packs import CRA

NEWER = CRA.replace("2026.11.25", "2026.12.1", 1).replace("period: 24", "period: 12")
RUNNING = CaseFacts("C", signals=(signal(),), assessments=(confirmed(),))
WHEN = datetime(2026, 12, 1, tzinfo=UTC)
CHANGE = Applied(7, "cra@2026.12.1", "ra", "quality", WHEN)
OTHER = Applied(8, "nis2@2026.12.1", "ra", "psirt", WHEN)
BOTH = {each.pack: each for each in (CHANGE, OTHER)}
WORDS = (
    "pack cra@2026.12.1 came into force in the place of cra@2026.11.25, "
    "proposed by ra, approved by quality; "
)


def moved() -> Decided:
    """What a pack with a shorter period makes of an early warning that runs."""
    work = Clockwork()
    work.decide(RUNNING)
    book = with_pack(library(), "cra.yaml", NEWER).then.book
    found = decide(RUNNING, work.around, tuple(work.held.values()), book, ESCALATION, T0 + HOUR)
    return next(each for each in found if each.change.after.clock.rule == WARNING)


def test_history_and_event_name_the_pack_change_and_both_people() -> None:
    told = attributed(moved(), BOTH)
    assert told.history is not None
    assert told.history.because.startswith(WORDS)
    assert told.history.decided_by == "quality"
    said = next(each for each in told.events if isinstance(each, ClockMoved))
    assert said.because == told.history.because


def test_the_clock_itself_keeps_its_own_reason_and_who_decided_that() -> None:
    plain = moved()
    assert attributed(plain, BOTH).change.after == plain.change.after


def test_a_deadline_that_the_pack_moves_earlier_pages_at_once() -> None:
    assert [each.step for each in pages((attributed(moved(), BOTH),))] == ["moved-earlier"]


def test_a_clock_that_came_to_its_pack_before_is_another_changes_doing_while_that_one_moves() -> (
    None
):
    plain = moved()
    after = plain.change.after
    same = replace(after, clock=after.clock.model_copy(update={"pack": "cra@2026.12.1"}))
    change = replace(plain.change, before=same)
    told = attributed(replace(plain, change=change), BOTH, moving=OTHER)
    assert told.history is not None
    assert told.history.because.startswith("pack nis2@2026.12.1 came into force, proposed by ra")


def test_what_no_applied_pack_did_names_nobody() -> None:
    plain = moved()
    assert attributed(plain, {}) is plain


def test_an_open_clock_holds_its_rule_in_the_pack() -> None:
    none = RuleBook(tuple(each for each in BOOK.packs if each.id != "cra"))
    open_clocks = {WARNING: 2, "us806.report": 1}
    assert list(orphaned(BOOK, none, open_clocks)) == [
        (
            f"2 open clocks rest on rule {WARNING}, which would start clocks no more; "
            "keep the rule in the pack until they have ended"
        )
    ]


def test_a_rule_that_fires_no_more_is_as_good_as_gone() -> None:
    cra = next(each for each in BOOK.packs if each.id == "cra")
    rules = tuple(replace(each, status=Status.REPEALED) for each in cra.rules)
    others = tuple(each for each in BOOK.packs if each.id != "cra")
    then = RuleBook((*others, replace(cra, rules=rules)))
    assert len(list(orphaned(BOOK, then, {WARNING: 1}))) == 1
    assert list(orphaned(BOOK, then, {})) == []


def test_an_applied_pack_wins_over_the_installations_also_where_that_is_newer() -> None:
    older = CRA.replace("2026.11.25", "2025.1.1", 1)
    applied = replace(CHANGE, pack="cra@2025.1.1")
    held = overlaid(library(), [Text("cra.yaml", older, applied)])
    found = held.book.pack("cra")
    assert found is not None
    assert found.version == "2025.1.1"
    origin = held.origins["cra"]
    assert (origin.place, origin.beneath, origin.applied) == ("applied", "cra@2026.11.25", applied)
    assert held.applied == {"cra@2025.1.1": applied}
    assert held.origins["nis2"].place == "packaged"


def test_an_applied_pack_that_does_not_go_together_with_the_installations_is_refused() -> None:
    stray = NEWER.replace("from_filing_of: cra.si.early_warning", "from_filing_of: cra.si.warning")
    with pytest.raises(PackError, match=r"no pack holds a rule cra\.si\.warning"):
        overlaid(library(), [Text("cra.yaml", stray, CHANGE)])

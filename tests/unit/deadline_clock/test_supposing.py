"""What would move if something were otherwise: told before anything is so."""

from datetime import UTC, datetime

from schemas.catalogue import QualificationKind
from schemas.clocks import ClockState
from schemas.signals import Harm
from services.deadline_clock.domain.escalation import Escalation, severity
from services.deadline_clock.domain.facts import CaseFacts, MeasureState, Scope, Surroundings
from services.deadline_clock.domain.happenings import Report
from services.deadline_clock.domain.replanning import Steps
from services.deadline_clock.domain.rules import AnchorName, RuleBook
from services.deadline_clock.domain.supposing import (
    Moved,
    Stood,
    Supposed,
    moves,
    supposed_facts,
    supposed_surroundings,
)
from services.deadline_clock.library import library, with_pack
from tests.unit.deadline_clock.facts import (
    BOOK,
    DAY,
    ESCALATION,
    FINAL,
    HOUR,
    NOTIFICATION,
    T0,
    WARNING,
    Clockwork,
    around,
    confirmed,
    product,
    signal,
)
from tests.unit.deadline_clock.test_packs import CRA, STEPS

SIGNALLED = CaseFacts("C", signals=(signal(),))
RUNNING = CaseFacts("C", signals=(signal(),), assessments=(confirmed(),))
NOTHING = Supposed({})


class Case:
    """A case whose clocks run, and the steps that are armed."""

    def __init__(self, facts: CaseFacts, surroundings: Surroundings | None = None) -> None:
        self.facts = facts
        self.work = Clockwork(surroundings)
        self.steps = {
            each.change.after.clock.clock: Steps(
                frozenset(
                    (alarm.step.at, alarm.due_at, severity(each.change.after.clock, alarm.step))
                    for alarm in each.alarms or ()
                ),
                T0,
            )
            for each in self.work.decide(facts)
        }

    def if_so(
        self,
        supposed: Supposed,
        book: RuleBook = BOOK,
        now: datetime = T0,
        escalation: Escalation = ESCALATION,
    ) -> dict[str, Moved]:
        """What would move, by rule."""
        stood = Stood(self.steps, replan=escalation is not ESCALATION)
        found = moves(
            supposed_facts(self.facts, supposed, now),
            supposed_surroundings(self.work.around, supposed),
            list(self.work.held.values()), stood, book, escalation, now,
        )  # fmt: skip
        return {each.after.rule: each for each in found}


def test_nothing_supposed_moves_nothing() -> None:
    assert Case(RUNNING).if_so(NOTHING) == {}


def test_an_earlier_awareness_moves_both_deadlines_and_pages_at_once() -> None:
    earlier = Supposed({AnchorName.AWARE_AT: T0 - 2 * HOUR})
    found = Case(RUNNING).if_so(earlier)
    assert {WARNING, NOTIFICATION} <= set(found)
    warning = found[WARNING]
    assert warning.before is not None
    assert warning.before.due_operational == T0 + 24 * HOUR
    assert warning.after.due_operational == T0 + 22 * HOUR
    assert ("moved-earlier", T0, "fires at once (page)") in {
        (each.step, each.due_at, each.what) for each in warning.steps
    }
    assert ("T-12h", T0 + 12 * HOUR, "taken back") in {
        (each.step, each.due_at, each.what) for each in warning.steps
    }
    assert ("T-12h", T0 + 10 * HOUR, "armed") in {
        (each.step, each.due_at, each.what) for each in warning.steps
    }


def test_an_available_measure_gives_the_final_report_its_deadline_and_a_step_chain() -> None:
    found = Case(RUNNING).if_so(Supposed({AnchorName.MEASURE_AVAILABLE_AT: T0 + HOUR}))
    final = found[FINAL]
    assert final.before is not None
    assert final.before.state is ClockState.AWAITING_ANCHOR
    assert final.after.due_operational == datetime(2026, 12, 4, 16, 42, 10, tzinfo=UTC)
    assert "armed" in {each.what for each in final.steps}


def test_a_supposition_for_another_product_moves_nothing() -> None:
    supposed = Supposed({AnchorName.AWARE_AT: T0 - 2 * HOUR}, product="pump")
    assert Case(RUNNING).if_so(supposed) == {}


def test_awareness_before_the_duty_began_would_end_the_clocks_and_their_drafts() -> None:
    supposed = Supposed({AnchorName.AWARE_AT: datetime(2026, 9, 1, tzinfo=UTC)})
    warning = Case(SIGNALLED).if_so(supposed)[WARNING]
    assert warning.after.state is ClockState.NOT_APPLICABLE
    assert warning.draft == "would be of no use"
    assert {each.what for each in warning.steps} == {"taken back"}


def test_a_draft_would_be_new_where_a_clock_begins() -> None:
    case = Case(CaseFacts("C"))
    case.facts = SIGNALLED
    warning = case.if_so(NOTHING)[WARNING]
    assert (warning.before, warning.draft) == (None, "would be new")


def test_another_country_moves_the_law_of_days_but_no_hours() -> None:
    at = datetime(2026, 12, 11, 9, tzinfo=UTC)
    facts = supposed_facts(RUNNING, Supposed({AnchorName.MEASURE_AVAILABLE_AT: at}), T0)
    found = Case(facts).if_so(Supposed({}, country="FI"))
    assert NOTIFICATION not in {rule for rule, each in found.items() if _moved_in_time(each)}
    final = found[FINAL]
    assert final.before is not None
    assert (final.before.zone, final.after.zone) == ("Europe/Brussels", "Europe/Helsinki")
    assert final.before.due_legal_outer != final.after.due_legal_outer


def test_another_escalation_policy_shows_the_steps_that_would_be_planned_anew() -> None:
    text = STEPS.replace("2026.11.25", "2026.12.1", 1).replace("at: T-6h", "at: T-5h")
    found = Case(RUNNING).if_so(
        NOTHING, escalation=with_pack(library(), "escalation.yaml", text).then.escalation
    )
    warning = found[WARNING]
    assert warning.before == warning.after
    assert {(each.step, each.what) for each in warning.steps} == {
        ("T-6h", "taken back"), ("T-5h", "armed"),
    }  # fmt: skip


def _moved_in_time(each: Moved) -> bool:
    return each.before is None or each.before.due_operational != each.after.due_operational


def test_another_pack_moves_the_clocks_whose_period_it_changes_and_no_others() -> None:
    text = CRA.replace("2026.11.25", "2026.12.1").replace("period: 24", "period: 12")
    found = Case(RUNNING).if_so(NOTHING, with_pack(library(), "cra.yaml", text).then.book)
    assert set(found) == {WARNING}
    assert found[WARNING].after.pack == "cra@2026.12.1"
    assert found[WARNING].after.due_operational == T0 + 12 * HOUR


def test_a_pack_without_the_rule_of_an_open_clock_says_that_the_clock_needs_it() -> None:
    book = RuleBook(tuple(each for each in BOOK.packs if each.id != "cra"))
    found = Case(RUNNING).if_so(NOTHING, book)
    assert found[WARNING].because == (
        "rule cra.aev.early_warning is in no pack any more, and this open clock needs it"
    )


def test_awareness_of_incidents_may_be_supposed_under_one_regime_alone() -> None:
    reported = Report("R-1", True, "Stopped", "gateway", "1.0", Harm.SERIOUS, T0, T0)
    case = Case(CaseFacts("C", reports=(reported,)))
    earlier = T0 - 2 * HOUR
    supposed = Supposed({AnchorName.AWARE_AT: earlier}, regime="cra")
    found = case.if_so(supposed)
    assert found["cra.si.early_warning"].after.state is ClockState.RUNNING
    assert not any(rule.startswith("nis2.") for rule in found)


def test_a_supposed_initiation_starts_the_806_clock_whatever_is_on_record() -> None:
    pump = product(QualificationKind.DEVICE, name="pump")
    facts = CaseFacts(
        "C",
        scope=(Scope("pump", True, T0),),
        measures=(MeasureState("fix", "patch", ("pump",), "quality", T0, None),),
    )
    later = Supposed({AnchorName.INITIATED_AT: T0 + 10 * DAY})
    moved = Case(facts, around(pump)).if_so(later)["us806.report"]
    assert moved.before is not None
    assert moved.before.anchor is not None
    assert moved.before.anchor.at == T0
    assert moved.after.anchor is not None
    assert moved.after.anchor.at == T0 + 10 * DAY
    none = Case(CaseFacts("C", scope=(Scope("pump", True, T0),)), around(pump))
    began = none.if_so(later)["us806.report"]
    assert (began.before, began.after.state) == (None, ClockState.PROVISIONAL)

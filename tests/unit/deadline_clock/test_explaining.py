"""Why a clock stands as it does, or did not start: the golden examples told through explanation."""

from datetime import UTC, datetime

from schemas.catalogue import Nis2Status, QualificationKind
from schemas.clocks import ClockMode, ClockState
from services.deadline_clock.domain.acts import Filing
from services.deadline_clock.domain.change import Held
from services.deadline_clock.domain.explaining import Explained, explain
from services.deadline_clock.domain.facts import CaseFacts, Risk, Scope, Surroundings
from services.deadline_clock.domain.terms import Regime
from tests.unit.deadline_clock.facts import (
    BOOK,
    FINAL,
    HOUR,
    MAKER,
    NOTIFICATION,
    T0,
    WARNING,
    Clockwork,
    around,
    confirmed,
    product,
    signal,
)


def explained(
    facts: CaseFacts, work: Clockwork, surroundings: Surroundings | None = None
) -> dict[str, Explained]:
    """Explanations of the gateway by rule."""
    clocks: list[Held] = list(work.held.values())
    found = explain(facts, surroundings or work.around, clocks, BOOK)
    return {each.rule.id: each for each in found if each.product == "gateway"}


def test_every_firing_rule_is_explained_for_every_product() -> None:
    facts = CaseFacts("C", scope=(Scope("gateway", bears=True), Scope("pump", bears=True)))
    found = list(explain(facts, around(), (), BOOK))
    rules = BOOK.firing()
    entitys = [rule.id for rule in rules if rule.regime is Regime.NIS2]
    products = [rule.id for rule in rules if rule.regime is not Regime.NIS2]
    assert [(each.product, each.rule.id) for each in found] == [
        *(("gateway", rule) for rule in products),
        *(("pump", rule) for rule in products),
        *(("", rule) for rule in entitys),
    ]
    assert all(each.why_not and each.state is None for each in found)


def test_a_rule_that_waits_names_the_fact_it_waits_for() -> None:
    facts = CaseFacts("C", scope=(Scope("gateway", bears=True),))
    found = explained(facts, Clockwork(around(product(QualificationKind.DEVICE))))
    evidence = "waits for evidence that this product is exploited, or a person's assessment of it"
    assert found[WARNING].why_not == evidence
    initiation = "waits for an approved measure, a customer notice or a wave for this product"
    assert found["us806.report"].why_not == initiation


def test_a_rule_that_is_off_gives_its_article() -> None:
    facts = CaseFacts("C", scope=(Scope("gateway", bears=True),))
    work = Clockwork(around(product(markets=("BE",))))
    report = explained(facts, work)["us806.report"]
    assert report.mode is ClockMode.OFF
    assert report.why_not == "off: 21 CFR 806.1(a): not a medical device"


def test_golden_5_a_final_report_without_a_measure_awaits_its_anchor_and_has_no_date() -> None:
    facts = CaseFacts("C", signals=(signal(),), assessments=(confirmed(),))
    work = Clockwork()
    work.decide(facts)
    final = explained(facts, work)[FINAL]
    assert final.state is ClockState.AWAITING_ANCHOR
    assert (final.anchor, final.due_operational) == (None, None)
    assert final.reasoning == ("not counted: waits for measure_available_at",)


def test_golden_8_the_platforms_counter_is_shown_beside_the_legal_time() -> None:
    warned = Filing("f-1", "x", WARNING, ("gateway",), "ra", T0 + 20 * HOUR, T0 + 20 * HOUR)
    facts = CaseFacts("C", signals=(signal(),), assessments=(confirmed(),), filings=(warned,))
    work = Clockwork()
    work.decide(facts)
    second = explained(facts, work)[NOTIFICATION]
    assert second.platform is not None
    assert second.due_operational == T0 + 72 * HOUR
    assert second.platform.due == T0 + 68 * HOUR
    assert "not law" in second.platform.words


def test_golden_9_exploitation_known_before_the_duty_began_is_off_with_its_reopen_trigger() -> None:
    known = datetime(2026, 9, 10, 12, tzinfo=UTC)
    facts = CaseFacts("C", signals=(signal(known),), assessments=(confirmed(known),))
    work = Clockwork()
    work.decide(facts, known)
    before = explained(facts, work)[WARNING]
    assert (before.mode, before.state) == (ClockMode.OFF, ClockState.NOT_APPLICABLE)
    assert before.reopen_trigger == "evidence of exploitation in this product after that day"


def test_golden_9_exploitation_known_after_the_duty_began_is_reportable() -> None:
    known = datetime(2026, 9, 12, 12, tzinfo=UTC)
    facts = CaseFacts("C", signals=(signal(known),), assessments=(confirmed(known),))
    work = Clockwork()
    work.decide(facts, known)
    assert explained(facts, work)[WARNING].state is ClockState.RUNNING


def test_a_provisional_clock_says_that_it_is_not_counted_from_the_laws_own_anchor() -> None:
    facts = CaseFacts("C", signals=(signal(),))
    work = Clockwork()
    work.decide(facts)
    warning = explained(facts, work)[WARNING]
    assert warning.reasoning[0] == ("counted from signal_held_at for now: there is no aware_at yet")
    assert warning.stops_when.startswith("a person's recorded assessment")


def test_what_was_assumed_is_told_with_the_fact_that_settles_it() -> None:
    facts = CaseFacts("C", signals=(signal(),))
    work = Clockwork(around(product(None)))
    work.decide(facts)
    (assumed,) = explained(facts, work)[WARNING].assumed
    assert assumed.what == "qualification is undecided: taken as no medical device"
    assert assumed.settled_by == (
        "the product's qualification, with its rationale, in the catalogue"
    )


def test_the_last_step_of_the_counting_is_what_the_clock_shows() -> None:
    facts = CaseFacts("C", signals=(signal(),), assessments=(confirmed(),))
    work = Clockwork()
    work.decide(facts)
    warning = explained(facts, work)[WARNING]
    told = " ".join(warning.reasoning)
    assert "2026-11-21T15:42:10Z" in told
    assert "2026-11-21T16:00:00Z" in told
    assert warning.due_operational == T0 + 24 * HOUR


def test_a_shadow_rule_is_explained_as_no_legal_duty() -> None:
    work = Clockwork(around(product(QualificationKind.DEVICE)))
    facts = CaseFacts("C", signals=(signal(),))
    work.decide(facts)
    warning = explained(facts, work)[WARNING]
    assert warning.mode is ClockMode.SHADOW
    assert warning.mode_reason.startswith("not a legal duty")


def banded(*, proposed: bool) -> CaseFacts:
    """A case whose gateway has a critical risk band, proposed or set by a person."""
    who = None if proposed else "psirt"
    risk = Risk("gateway", "critical", T0, T0, proposed, who, "as read")
    return CaseFacts("C", scope=(Scope("gateway", bears=True),), risks=(risk,))


def test_the_deadline_of_policy_is_shown_without_a_limit_of_law() -> None:
    facts = banded(proposed=False)
    work = Clockwork()
    work.decide(facts)
    mitigation = explained(facts, work)["band.critical.mitigation"]
    assert mitigation.due_operational == T0 + 72 * HOUR
    assert mitigation.due_legal_outer is None


def test_what_nobody_has_settled_is_told_of_a_clock_and_of_a_rule_that_waits() -> None:
    facts = CaseFacts("C", signals=(signal(),), assessments=(confirmed(),))
    work = Clockwork()
    work.decide(facts)
    found = explained(facts, work)
    (workaround,) = (each for each in found[FINAL].open_points if "workaround" in each.point)
    assert workaround.reading == "It does: the stricter reading."
    waiting = found["cra.si.early_warning"]
    assert waiting.clock is None
    assert any("sensitive or important" in each.point for each in waiting.open_points)


def entitys(surroundings: Surroundings) -> dict[str, Explained]:
    """Explanations of the rules of NIS2 in a case where nothing happened yet."""
    facts = CaseFacts("C", scope=(Scope("gateway", bears=True),))
    return {
        each.rule.id: each for each in explain(facts, surroundings, (), BOOK) if not each.product
    }


def test_a_national_rule_of_another_member_state_is_off() -> None:
    found = entitys(around())
    assert found["nis2.be.early_warning"].mode is ClockMode.MANDATORY
    cyprus = found["nis2.cy.early_warning"]
    assert (cyprus.mode, cyprus.why_not) == (ClockMode.OFF, "off: it is the rule of CY only")
    ireland = explained(CaseFacts("C", scope=(Scope("gateway", bears=True),)), Clockwork())
    assert ireland["cra.ie.si.notification"].mode is ClockMode.OFF


def test_the_directives_rule_is_off_where_national_law_stands_in_its_place() -> None:
    directive = entitys(around())["nis2.early_warning"]
    assert directive.why_not == "off: the national law of BE stands in its place"


def test_nis2_is_off_where_the_entity_is_stated_out_of_scope() -> None:
    out = MAKER.model_copy(update={"nis2": {"FR": Nis2Status.OUT_OF_SCOPE}})
    found = entitys(Surroundings({"gateway": product()}, {"maker": out}))
    assert found["nis2.early_warning"].why_not == "off: NIS2 Article 2: out of scope in FR"


def test_a_company_clock_that_waits_for_a_person_says_what_stops_it() -> None:
    facts = banded(proposed=True)
    work = Clockwork()
    work.decide(facts)
    mitigation = explained(facts, work)["band.critical.mitigation"]
    assert mitigation.state is ClockState.PROVISIONAL
    assert mitigation.stops_when == (
        "a measure that users can have, or a person's answer by which none is due"
    )

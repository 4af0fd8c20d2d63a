"""Who may approve: never an author, never an open draft, never a shadow."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from schemas.clocks import ClockMode
from services.notification.domain.approval import Refusal, Standing, needed, refusal
from services.notification.domain.document import DraftDocument, canonical, digest
from services.notification.domain.draft import Fill
from services.notification.domain.facts import Held
from services.notification.domain.template import Status
from tests.unit.notification.conftest import NOW, SOURCE, Desk, clock, facts, product

PEOPLE = ("ada", "ben", "cyd", "dee")


def standing(
    document: DraftDocument,
    *,
    editors: frozenset[str] = frozenset(),
    approved: frozenset[str] = frozenset(),
    shadow: bool = False,
) -> Standing:
    return Standing(
        document, digest(canonical(document)), document.revision, shadow, False, editors, approved
    )


@given(
    editors=st.frozensets(st.sampled_from(PEOPLE)),
    approver=st.sampled_from(PEOPLE),
    writer=st.sampled_from([None, *PEOPLE]),
)
def test_an_author_never_approves(
    editors: frozenset[str], approver: str, writer: str | None
) -> None:
    fills = [Fill("title", Status.KNOWN, writer, NOW, "T")] if writer else []
    stands = standing(Desk().draft(None, *fills), editors=editors)
    why = refusal(stands, approver, 1, stands.digest)
    assert (why is Refusal.AUTHOR) is (approver in editors or approver == writer)


@given(approver=st.sampled_from(PEOPLE), flagged=st.booleans())
def test_a_shadow_draft_is_never_approvable(
    approver: str,
    flagged: bool,
) -> None:
    held = facts(clock=Held(clock(mode=ClockMode.SHADOW), SOURCE))
    stands = standing(Desk().draft(held), shadow=flagged)
    assert refusal(stands, approver, 1, stands.digest) is Refusal.SHADOW


def test_an_open_required_field_and_another_digest_or_revision_are_refused() -> None:
    stands = standing(Desk().draft(facts(product=Held(product(markets=()), SOURCE))))
    assert refusal(stands, "ada", 1, stands.digest) is Refusal.OPEN_FIELDS
    assert refusal(stands, "ada", 1, "0" * 64) is Refusal.OTHER_CONTENT
    assert refusal(stands, "ada", 2, stands.digest) is Refusal.NOT_NEWEST


def test_one_approver_suffices_where_a_person_wrote_and_two_where_only_the_machine_did() -> None:
    assert needed(frozenset()) == 2
    assert needed(frozenset({"ada"})) == 1


class Life(RuleBasedStateMachine):
    """A draft that people edit and approve in any order, by the rules."""

    def __init__(self) -> None:
        super().__init__()
        self.revision = 1
        self.fills: list[Fill] = []
        self.approved: set[str] = set()

    @property
    def standing(self) -> Standing:
        document = Desk().draft(None, *self.fills, revision=self.revision)
        return standing(
            document,
            editors=frozenset(each.author for each in self.fills),
            approved=frozenset(self.approved),
        )

    @rule(person=st.sampled_from(PEOPLE), text=st.text("abc", min_size=1, max_size=5))
    def edit(self, person: str, text: str) -> None:
        self.fills.append(Fill("title", Status.KNOWN, person, NOW, text))
        self.revision += 1
        self.approved.clear()  # what the store does in the same transaction

    @rule(person=st.sampled_from(PEOPLE))
    def approve(self, person: str) -> None:
        stands = self.standing
        if refusal(stands, person, self.revision, stands.digest) is None:
            self.approved.add(person)

    @invariant()
    def nobody_approves_what_they_wrote(self) -> None:
        stands = self.standing
        assert not stands.approved_by & stands.authors
        if stands.complete:
            assert len(stands.approved_by | stands.authors) >= 2


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=20, stateful_step_count=12)

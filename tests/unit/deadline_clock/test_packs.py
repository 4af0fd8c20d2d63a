"""Packs as data: what ships holds together, and what is wrong with one is said with its place."""

import importlib.resources

import pytest

from schemas.clocks import RuleKind
from services.deadline_clock.consumer import consumer
from services.deadline_clock.domain.escalation_pack import parse_escalation
from services.deadline_clock.domain.pack_document import PackError
from services.deadline_clock.domain.pack_join import rule_book
from services.deadline_clock.domain.packs import parse_rules
from services.deadline_clock.domain.rules import Status
from tests.unit.deadline_clock.facts import BOOK, ESCALATION

FOLDER = importlib.resources.files("services.deadline_clock") / "packs"
SCHEMA = (FOLDER / "rules.schema.json").read_text("utf-8")
CHAINS = (FOLDER / "escalation.schema.json").read_text("utf-8")
CRA = (FOLDER / "cra.yaml").read_text("utf-8")
BANDS = (FOLDER / "clinical-bands.yaml").read_text("utf-8")
UNIT = CRA[: CRA.index("unit: hour")].count("\n") + 1
STEPS = (FOLDER / "escalation.yaml").read_text("utf-8")


def test_law_and_policy_are_separate_packs() -> None:
    kinds = {pack.id: pack.kind for pack in BOOK.packs}
    law = {"cra", "nis2", "nis2-national", "eu-mdr", "eu-ivdr", "us-806", "us-803", "proposed"}
    guidance = {"cra-national", "us-postmarket-2016"}
    policy = {"clinical-bands", "field-coverage", "cvd", "nb-protocol", "sbom-review"}
    assert kinds == (
        dict.fromkeys(law, RuleKind.LAW)
        | dict.fromkeys(guidance, RuleKind.GUIDANCE)
        | dict.fromkeys(policy, RuleKind.POLICY)
    )


def test_every_rule_names_its_authority_source_and_confidence() -> None:
    for rule in BOOK:
        assert rule.authority
        assert rule.source
        assert rule.confidence.value in {"verified", "memory", "interpretation"}


@pytest.mark.parametrize("status", ["proposed", "not_yet", "repealed"])
def test_what_is_not_in_force_never_fires(status: str) -> None:
    text = CRA.replace("status: in_force", f"status: {status}")
    pack = parse_rules("cra.yaml", text.replace("status: not_yet", f"status: {status}"), SCHEMA)
    book = rule_book([pack], ESCALATION)
    assert {rule.status for rule in pack.rules} == {Status(status)}
    assert book.firing() == ()


def test_a_changed_text_is_another_hash() -> None:
    one = parse_rules("cra.yaml", CRA, SCHEMA)
    other = parse_rules("cra.yaml", CRA + "# a word more\n", SCHEMA)
    assert one.reference == other.reference
    assert one.sha256 != other.sha256


@pytest.mark.parametrize(
    ("text", "wrong", "right", "said"),
    [
        (CRA, "unit: hour", "unit: fortnight", [f"cra.yaml:{UNIT} rule cra.aev.early_warning"]),
        (CRA, "    authority: Reg", "    authorities: Reg", ["authority", "add the field"]),
        (CRA, "period: 24", "period: 0", ["rules/0/period"]),
        (CRA, "roll: none", "roll: next_working_day", ["rules/0/roll", "allowed value"]),
        (CRA, "status: in_force", "status: policy", ["take one of in_force, not_yet, proposed"]),
        (BANDS, "status: policy", "status: in_force", ["rules/0/status"]),
        (BANDS, "regime: company", "regime: cra", ["rules/0/regime"]),
        (CRA, "regime: cra", "regime: company", ["company is for policy alone", "policy pack"]),
        (CRA, "anchor: filed_at", "anchor: aware_at", ["leave anchor_rule out"]),
        (CRA, "zone: main_establishment", "zone: Europe/Atlantis", ["no IANA zone"]),
        (CRA, "applies_from: 2026-09-11", "applies_from: 2026-09-31", ["is no day"]),
        (CRA, "id: cra.aev.notification", "id: cra.aev.final", ["id is taken"]),
        (CRA, "    stage: final\n", "    stage: final\n    stage: last\n", ["given twice"]),
        (CRA, "rules:\n", "rules: [\n", ["not YAML", "cra.yaml:"]),
        (CRA, "version:", "edition:", ["version", "add the field"]),
    ],
)  # fmt: skip
def test_a_broken_pack_is_refused_with_its_line_rule_and_mend(
    text: str, wrong: str, right: str, said: list[str]
) -> None:
    assert wrong in text
    with pytest.raises(PackError) as refused:
        parse_rules("cra.yaml", text.replace(wrong, right), SCHEMA)
    for each in said:
        assert each in str(refused.value)


def test_an_empty_pack_is_refused() -> None:
    with pytest.raises(PackError, match="is empty"):
        parse_rules("cra.yaml", "", SCHEMA)


def test_a_rule_in_two_packs_is_refused() -> None:
    pack = parse_rules("cra.yaml", CRA, SCHEMA)
    with pytest.raises(PackError, match="is also in"):
        rule_book([pack, pack], ESCALATION)


def test_a_rule_that_no_escalation_chain_fits_is_refused() -> None:
    only_company = STEPS.replace("kinds: [law]", "kinds: [guidance]")
    pack = parse_rules("cra.yaml", CRA, SCHEMA)
    with pytest.raises(PackError, match="add a chain"):
        rule_book([pack], parse_escalation("escalation.yaml", only_company, CHAINS))


def test_an_escalation_chain_without_the_deadline_itself_is_refused() -> None:
    with pytest.raises(PackError, match=r"add a step at T\+0"):
        parse_escalation("escalation.yaml", STEPS.replace("at: T+0", "at: T-1m"), CHAINS)


def test_an_acknowledgement_cannot_reach_a_clock() -> None:
    heard = {name for intent in consumer.intents for name in intent.types or ()}
    assert not {name for name in heard if name.startswith("alert.")}

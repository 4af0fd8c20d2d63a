"""Whose law is asked: a national rule in its countries only, the Union's where none replaces it."""

from collections.abc import Mapping

from schemas.clocks import RuleKind
from services.deadline_clock.domain.rules import Rule, RuleBook

Replaced = Mapping[tuple[str, str], str]
"""Rules, each with a country, and the national rule that stands in its place there."""


def replaced(book: RuleBook) -> Replaced:
    """The rules that national law replaces, country by country; guidance never does."""
    return {
        (rule.varies, country): rule.id
        for rule in book.firing()
        if rule.varies is not None and rule.kind is RuleKind.LAW
        for country in rule.countries
    }


def unasked(rule: Rule, country: str | None, among: Replaced) -> str | None:
    """Why a rule is not the one to ask in a country (None: unknown); None where it is."""
    if rule.countries and country not in rule.countries:
        return f"it is the rule of {', '.join(rule.countries)} only"
    if country is not None and (rule.id, country) in among:
        return f"the national law of {country} stands in its place"
    return None


def stage_before(rule: Rule, country: str | None, among: Replaced) -> str | None:
    """The rule whose filing a later stage runs from: the national one where it stands in."""
    if rule.anchor_rule is None or country is None:
        return rule.anchor_rule
    return among.get((rule.anchor_rule, country), rule.anchor_rule)

"""Asks a command line about a case: fills a template of arguments and runs it."""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from tests.conformance.cases import Case, Verdict, judged

_PLACE = re.compile(r"\{(\w+)\}")
_PLACES = frozenset({"rule", "anchor", "zone", "country", "fact"})
_SECONDS = 60


class TemplateError(ValueError):
    """A template that cannot be filled; the message says why and what to do."""


def checked(template: Sequence[str]) -> tuple[str, ...]:
    """Hold a template to the placeholders there are.

    Raises:
        TemplateError: it names an unknown one, or asks about no rule.
    """
    named = {name for part in template for name in _PLACE.findall(part)}
    if unknown := sorted(named - _PLACES):
        known = ", ".join(f"{{{each}}}" for each in sorted(_PLACES))
        raise TemplateError(f"{{{unknown[0]}}} is no placeholder; there are {known}")
    if "rule" not in named:
        raise TemplateError("the command asks about no rule; put {rule} into it")
    return tuple(template)


def filled(
    template: Sequence[str], case: Case, rules: Mapping[str, str] | None
) -> list[str] | None:
    """The command for a case; None where the implementation cannot be asked about it.

    An argument with {fact} is repeated, once for each fact, as NAME=INSTANT. A template that knows
    only {anchor} cannot be asked what happens while there is none.
    """
    rule = case.rule if rules is None else rules.get(case.rule)
    by_facts = any("{fact}" in part for part in template)
    if rule is None or (case.anchor is None and not by_facts):
        return None
    values = {"rule": rule, "anchor": case.anchor or "", "zone": case.zone, "country": case.country}
    return [each for part in template for each in _filled(part, values, case.facts)]


def _filled(part: str, values: Mapping[str, str], facts: Mapping[str, str]) -> Iterator[str]:
    text = _PLACE.sub(lambda found: values.get(found[1], found[0]), part)
    if "{fact}" not in text:
        yield text
        return
    for name, at in facts.items():
        yield text.replace("{fact}", f"{name}={at}")


def asked(
    template: Sequence[str], case: Case, rules: Mapping[str, str] | None, names: Mapping[str, str]
) -> Verdict:
    """Run the command for a case and judge what it printed."""
    command = filled(template, case, rules)
    if command is None:
        return Verdict(case, frozenset(), "not offered")
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Verdict(case, frozenset(), f"no answer: {error}")
    if done.returncode != 0:
        told = (done.stderr or done.stdout).strip()[:200]
        return Verdict(case, frozenset(), f"exit status {done.returncode}: {told}")
    return judged(case, done.stdout, names)

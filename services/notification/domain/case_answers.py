"""Answers fields from the case, its vulnerability and its clock; what is not held stays a gap."""

import re

from schemas.cases import ScopeItem, ScopeStatus
from services.notification.domain.facts import Answer, CaseFacts, Source, known, unknown

NO_CASE = "the case's scope has not arrived yet"

_VECTORS = {"N": "Network", "A": "Adjacent", "L": "Local", "P": "Physical"}
_AV = re.compile(r"(?:^|/)AV:([NALP])(?:/|$)")


def instant(text: str) -> str:
    """Bring an ISO instant in UTC to whole seconds, as portals ask for it."""
    return re.sub(r"\.\d+", "", text)


def title(facts: CaseFacts) -> Answer:
    """The case's title."""
    if facts.case is None:
        return unknown(NO_CASE)
    return known(facts.case.fact.title, facts.case.source)


def summary(facts: CaseFacts) -> Answer:
    """The case's summary, or the vulnerability's description."""
    if facts.case is not None and facts.case.fact.summary:
        return known(facts.case.fact.summary, facts.case.source)
    return description(facts)


def description(facts: CaseFacts) -> Answer:
    """The vulnerability in words, with its weaknesses."""
    held = facts.vulnerability
    if held is None or not held.fact.description:
        return unknown("no source has described the vulnerability: write it")
    weaknesses = f"\nWeaknesses: {', '.join(held.fact.weaknesses)}" if held.fact.weaknesses else ""
    return known(held.fact.description + weaknesses, held.source)


def _items(facts: CaseFacts, status: ScopeStatus) -> list[ScopeItem]:
    if facts.case is None:
        return []
    product = facts.clock.fact.product
    return [
        each
        for each in facts.case.fact.items
        if each.status is status and (product is None or each.product == product)
    ]


def versions(facts: CaseFacts) -> Answer:
    """The affected versions; versions whose verdict is unknown are a gap, never left out."""
    if facts.case is None:
        return unknown(NO_CASE)
    open_ones = sorted({each.version for each in _items(facts, ScopeStatus.UNKNOWN)})
    affected = sorted({each.version for each in _items(facts, ScopeStatus.AFFECTED)})
    if open_ones:
        so_far = f"; affected so far: {', '.join(affected)}" if affected else ""
        return unknown(f"not decided for {', '.join(open_ones)}{so_far}")
    if not affected:
        return unknown("no version of this product is known to be affected: name them")
    return known(", ".join(affected), facts.case.source)


def components(facts: CaseFacts) -> Answer:
    """The components through which the vulnerability bears on the product."""
    if facts.case is None:
        return unknown(NO_CASE)
    items = (*_items(facts, ScopeStatus.AFFECTED), *_items(facts, ScopeStatus.UNKNOWN))
    names = sorted({name for each in items for name in each.components})
    if not names:
        return unknown("no component is recorded: name it, or state that it does not apply")
    return known(", ".join(names), facts.case.source)


def _identifiers(facts: CaseFacts, prefix: str) -> Answer:
    if facts.case is None:
        return unknown(NO_CASE)
    found = [each for each in facts.case.fact.identifiers if each.startswith(prefix)]
    if not found:
        return unknown(f"the case has no identifier that begins with {prefix}")
    return known(", ".join(found), facts.case.source)


def cve_ids(facts: CaseFacts) -> Answer:
    """The CVE ids of the case."""
    return _identifiers(facts, "CVE-")


def euvd_ids(facts: CaseFacts) -> Answer:
    """The EUVD ids of the case."""
    return _identifiers(facts, "EUVD-")


def _vector(facts: CaseFacts) -> tuple[str, Source] | None:
    if facts.risk is not None and facts.risk.fact.vector:
        return facts.risk.fact.vector, facts.risk.source
    if facts.vulnerability is not None:
        for score in facts.vulnerability.fact.scores:
            if score.vector:
                return score.vector, facts.vulnerability.source
    return None


def attack_vector(facts: CaseFacts) -> Answer:
    """The attack vector as the CVSS vector states it (metric AV, CVSS v3.1 and v4.0)."""
    found = _vector(facts)
    metric = _AV.search(found[0]) if found else None
    if found is None or metric is None:
        return unknown("no CVSS vector is held")
    return known(_VECTORS[metric[1]], found[1])


def severity(facts: CaseFacts) -> Answer:
    """The risk band a person confirmed; a proposal of a rule is not a value."""
    held = facts.risk
    if held is None:
        return unknown("the risk has not been assessed")
    if held.fact.proposed:
        return unknown(f"band {held.fact.band} is only proposed: a person must confirm it")
    score = f", CVSS {held.fact.score} ({held.fact.vector})" if held.fact.score is not None else ""
    return known(f"{held.fact.band}{score}. {held.fact.ground}", held.source)


def aware_at(facts: CaseFacts) -> Answer:
    """The awareness a person assessed (CRA Article 14(2)); a provisional clock has none yet."""
    if facts.assessment is not None and facts.assessment.fact.aware_at is not None:
        at = facts.assessment.fact.aware_at.isoformat().replace("+00:00", "Z")
        return known(instant(at), facts.assessment.source)
    anchor = facts.clock.fact.anchor
    if anchor is not None and anchor.name == "aware_at":
        return known(instant(anchor.at.isoformat().replace("+00:00", "Z")), facts.clock.source)
    held = f"; the signal was held at {anchor.at:%Y-%m-%d %H:%M}Z" if anchor else ""
    return unknown(f"awareness has not been assessed by a person{held}")


def initiated_at(facts: CaseFacts) -> Answer:
    """The instant that 806's ten working days run from (21 CFR 806.10(b))."""
    anchor = facts.clock.fact.anchor
    if anchor is None or anchor.name != "initiated_at":
        return unknown("the action has not been initiated, or nobody recorded it")
    return known(instant(anchor.at.isoformat().replace("+00:00", "Z")), facts.clock.source)


def notification_type(facts: CaseFacts) -> Answer:
    """What the template is for: these templates are for vulnerabilities."""
    clock = facts.clock.fact
    source = Source("template", clock.rule, clock.started_at, "the template is for this type")
    return known("Vulnerability", source)


def notices_sent(facts: CaseFacts) -> Answer:
    """The communications that people recorded as sent."""
    if not facts.notices:
        return unknown("no communication to customers is recorded: attach copies, or state none")
    lines = [
        f"{each.fact.kind} by {each.fact.channel} to {each.fact.recipients} recipients, "
        f"{each.fact.sent_at:%Y-%m-%d}"
        for each in facts.notices
    ]
    return known("\n".join(lines), facts.notices[-1].source)


def coverage_total(facts: CaseFacts) -> Answer:
    """The devices subject to the action, as deployment-tracker counts them for this product.

    Two campaigns may count the same device, so that their sum would be an invention.
    """
    product = facts.clock.fact.product
    cells = [each for each in facts.coverage if each.fact.product == product]
    plans = [each for each in facts.campaigns if each.fact.product == product]
    names = {each.fact.campaign for each in cells} | {each.fact.campaign for each in plans}
    if not names:
        return unknown("no campaign counts the devices subject to the action")
    if len(names) > 1:
        return unknown(f"{len(names)} campaigns count devices and may share some: state the number")
    if not cells:
        return known(str(plans[0].fact.devices), plans[0].source)
    latest = max(cells, key=lambda each: each.source.at)
    return known(str(sum(each.fact.total for each in cells)), latest.source)

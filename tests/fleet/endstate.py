"""What a fleet holds in the end, in the documents' own names: two fleets can be compared."""

from collections import Counter
from dataclasses import dataclass

from tests.fleet.books import Books

FINDINGS = """
SELECT (SELECT array_agg(identifier ORDER BY identifier) FROM sbom_matcher.identifier i
        WHERE i.vulnerability = f.vulnerability)::text AS identifiers,
    product, version, hardware, body ->> 'component' AS component, verdict,
    body ->> 'reason' AS reason
FROM sbom_matcher.finding f WHERE live
"""
CASES = """
SELECT (SELECT array_agg(each ORDER BY each) FROM unnest(identifiers) each)::text AS identifiers,
    kind, status,
    (SELECT array_agg(each ORDER BY each) FROM unnest(products) each)::text AS products,
    (SELECT array_agg(signal || ' ' || product ORDER BY signal, product)
        FROM triage.meeting m WHERE m.case_id = c.case_id)::text AS signals
FROM triage.casefile c WHERE status <> 'merged'
"""
CLOCKS = """
SELECT (SELECT array_agg(each ORDER BY each) FROM unnest(c.identifiers) each)::text AS identifiers,
    k.rule, k.product, k.mode, k.state
FROM deadline_clock.clock k LEFT JOIN triage.casefile c USING (case_id)
WHERE k.state IN ('provisional', 'awaiting_anchor', 'running', 'late')
"""
COVERAGE = """
SELECT campaign, product, version, method, wave::text, state, n::text
FROM deployment_tracker.coverage_count WHERE n > 0
"""


@dataclass(frozen=True, slots=True)
class EndState:
    """Findings, cases with what signalled them, clocks that run, coverage: how often each."""

    findings: Counter[tuple[str, ...]]
    cases: Counter[tuple[str, ...]]
    clocks: Counter[tuple[str, ...]]
    coverage: Counter[tuple[str, ...]]


def differences(wanted: EndState, found: EndState) -> list[str]:
    """Say what is missing (-) and what is too much (+), part by part."""
    lines = []
    for part in EndState.__slots__:
        here, there = getattr(wanted, part), getattr(found, part)
        lines += [f"- {part}: {each}" for each in (here - there).elements()]
        lines += [f"+ {part}: {each}" for each in (there - here).elements()]
    return lines


def read(books: Books) -> EndState:
    """Read the end state of a fleet at rest."""
    found = books.ask(FINDINGS, CASES, CLOCKS, COVERAGE)
    return EndState(*(Counter(tuple(map(str, row.values())) for row in rows) for rows in found))

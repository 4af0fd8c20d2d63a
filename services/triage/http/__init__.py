"""Triage's HTTP edge: what people read of cases, and what they put on record."""

from services.triage.http import acts, cases, evidence, measures, opening, reading, upkeep

ROUTERS = (
    cases.router,
    reading.router,
    opening.router,
    acts.router,
    measures.router,
    evidence.router,
    upkeep.router,
)
"""Every router of the service, in the order in which its reference shows them."""

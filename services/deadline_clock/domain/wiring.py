"""Which rules facts can start: what happens must be answered, and so must what a period runs from.

A rule that is not wired is read, checked, shown and counted by the calculator. It starts no clock,
whatever happens. To wire one, give its trigger a function that says how it stands, with the anchors
that the function sets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.deadline_clock.domain import (
    correction,
    disclosure,
    exploitation,
    followup,
    incidents,
    notified_body,
    postmarket,
    requests,
    risk_band,
    sbom_review,
)
from services.deadline_clock.domain.rules import AnchorName, Rule, Trigger
from services.deadline_clock.domain.standing import Question, Standing


@dataclass(frozen=True, slots=True)
class Wire:
    """How a trigger's rules stand, one standing an occurrence, and what they may run from."""

    standings: Callable[[Question], tuple[Standing, ...]]
    anchors: frozenset[AnchorName]


_INCIDENT = Wire(
    incidents.standings,
    frozenset({AnchorName.AWARE_AT, AnchorName.FILED_AT, AnchorName.HANDLED_AT}),
)
_DECIDED = Wire(
    requests.decided,
    frozenset({
        AnchorName.DECIDED_AT, AnchorName.INITIATED_AT, AnchorName.AWARE_AT,
        AnchorName.RECEIVED_AT, AnchorName.REQUEST_RECEIVED_AT,
    }),
)  # fmt: skip

WIRES: Mapping[Trigger, Wire] = {
    Trigger.EXPLOITATION: Wire(
        exploitation.standings,
        frozenset({
            AnchorName.AWARE_AT, AnchorName.MEASURE_AVAILABLE_AT, AnchorName.FILED_AT,
        }),
    ),
    Trigger.SEVERE_INCIDENT: _INCIDENT,
    Trigger.SIGNIFICANT_INCIDENT: _INCIDENT,
    Trigger.SERIOUS_INCIDENT: _INCIDENT,
    Trigger.DEATH_OR_UNANTICIPATED: _INCIDENT,
    Trigger.PUBLIC_HEALTH_THREAT: _INCIDENT,
    Trigger.REPORTABLE_EVENT: _INCIDENT,
    Trigger.AUTHORITY_REQUEST: Wire(
        requests.requested, frozenset({AnchorName.REQUEST_RECEIVED_AT})
    ),
    Trigger.INCOMPLETE_REPORT: Wire(followup.standings, frozenset({AnchorName.FILED_AT})),
    Trigger.TREND: _DECIDED,
    Trigger.FIVE_DAY_EVENT: _DECIDED,
    Trigger.NEW_INFORMATION: _DECIDED,
    Trigger.CORRECTION_EXTENDED: _DECIDED,
    Trigger.FSCA: Wire(
        correction.field_action, frozenset({AnchorName.ACTION_STARTS_AT, AnchorName.DECIDED_AT}),
    ),
    Trigger.CORRECTION: Wire(correction.report, frozenset({AnchorName.INITIATED_AT})),
    Trigger.POSTMARKET_VULNERABILITY: Wire(
        postmarket.standings, frozenset({AnchorName.LEARNED_AT})
    ),
    Trigger.RISK_BAND: Wire(
        risk_band.standings, frozenset({AnchorName.ASSESSED_AT, AnchorName.MEASURE_AVAILABLE_AT})
    ),
    Trigger.VULNERABILITY_REPORT: Wire(
        disclosure.standings, frozenset({AnchorName.RECEIVED_AT})
    ),
    Trigger.SBOM_RELEASE: Wire(sbom_review.of_releases, frozenset({AnchorName.RELEASED_AT})),
    Trigger.SBOM_QUARTER: Wire(
        sbom_review.of_quarters, frozenset({AnchorName.PERIOD_BEGAN_AT})
    ),
    Trigger.EMERGENCY_DEPLOYMENT: Wire(
        notified_body.standings, frozenset({AnchorName.DEPLOYED_AT})
    ),
}  # fmt: skip


_BY_REQUEST = frozenset({
    Trigger.AUTHORITY_REQUEST, Trigger.FIVE_DAY_EVENT, Trigger.NEW_INFORMATION,
    Trigger.CORRECTION_EXTENDED, Trigger.INCOMPLETE_REPORT,
})  # fmt: skip


def by_request(rule: Rule) -> bool:
    """Whether an authority's request that names the rule starts a clock."""
    return rule.fires and rule.trigger in _BY_REQUEST


def wired(rule: Rule) -> Wire | None:
    """The wire of a rule, or None where no facts answer it yet."""
    wire = WIRES.get(rule.trigger)
    return wire if wire is not None and rule.anchor in wire.anchors else None

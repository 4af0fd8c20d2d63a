"""The words that a pack is written in: every value that a rule's fields may take, and its meaning.

A new word here needs no code until somebody wires it: a rule whose trigger or anchor no fact
answers yet is read, checked, shown and counted, and starts no clock (see `wiring`).
"""

from enum import StrEnum


class Status(StrEnum):
    """Whether a rule has force. Only `in_force`, `guidance` and `policy` start clocks."""

    IN_FORCE = "in_force"
    NOT_YET = "not_yet"
    PROPOSED = "proposed"
    REPEALED = "repealed"
    GUIDANCE = "guidance"
    POLICY = "policy"


class Regime(StrEnum):
    """Whose question applicability answers for a rule."""

    CRA = "cra"
    NIS2 = "nis2"
    EU_MDR = "eu_mdr"
    EU_IVDR = "eu_ivdr"
    US_806 = "us_806"
    US_803 = "us_803"
    US_POSTMARKET_2016 = "us_postmarket_2016"
    CIRCIA = "circia"
    COMPANY = "company"


class Trigger(StrEnum):
    """What makes a rule ask for something: a kind of fact about a product or an entity."""

    EXPLOITATION = "exploitation"
    """Active exploitation of a vulnerability in the product (CRA Article 3(42))."""
    SEVERE_INCIDENT = "severe_incident"
    """An incident with severe impact on the product's security (CRA Article 14(5))."""
    COMPONENT_VULNERABILITY = "component_vulnerability"
    """A vulnerability found in a component that somebody else maintains (CRA Article 13(6))."""
    SECURITY_UPDATE = "security_update"
    """A fix that users can have: what must be told and kept of it."""
    PRODUCT_PLACED = "product_placed"
    """The product's first placing on the market."""
    SUPPORT_END = "support_end"
    """The end of the product's support period."""
    SIGNIFICANT_INCIDENT = "significant_incident"
    """An incident at the entity that NIS2 Article 23(3) calls significant."""
    AUTHORITY_REQUEST = "authority_request"
    """A CSIRT or an authority asks for a report in between."""
    SERIOUS_INCIDENT = "serious_incident"
    """A serious incident with a device (MDR Article 2(65))."""
    DEATH_OR_UNANTICIPATED = "death_or_unanticipated"
    """Death, or an unanticipated serious deterioration in health (MDR Article 87(5))."""
    PUBLIC_HEALTH_THREAT = "public_health_threat"
    """A serious public health threat (MDR Article 87(4))."""
    INCOMPLETE_REPORT = "incomplete_report"
    """A first report that said it was incomplete (MDR Article 87(6))."""
    FSCA = "fsca"
    """A field safety corrective action is decided (MDR Article 87(1)(b))."""
    TREND = "trend"
    """A significant increase of incidents that are not serious (MDR Article 88)."""
    PSUR_PERIOD = "psur_period"
    """A period that a periodic safety update report covers has begun (MDR Article 86)."""
    SUBSTANTIAL_CHANGE = "substantial_change"
    """A change is planned that a notified body has to know of, or to approve."""
    CORRECTION = "correction"
    """A correction or removal is initiated (21 CFR 806.10)."""
    CORRECTION_EXTENDED = "correction_extended"
    """A reported correction or removal is extended to more lots (21 CFR 806.10(d))."""
    CORRECTION_NOT_REPORTED = "correction_not_reported"
    """A correction or removal was decided not to be reportable (21 CFR 806.20)."""
    REPORTABLE_EVENT = "reportable_event"
    """A death, serious injury or malfunction (21 CFR 803.50)."""
    FIVE_DAY_EVENT = "five_day_event"
    """A reportable event that needs remedial action, or FDA's written request (21 CFR 803.53)."""
    NEW_INFORMATION = "new_information"
    """Information that a report did not have (21 CFR 803.56)."""
    POSTMARKET_VULNERABILITY = "postmarket_vulnerability"
    """A vulnerability of uncontrolled risk is learned of (FDA's 2016 guidance)."""
    COVERED_INCIDENT = "covered_incident"
    RANSOM_PAYMENT = "ransom_payment"
    RISK_BAND = "risk_band"
    """A clinical risk band is set for a product."""
    VULNERABILITY_REPORT = "vulnerability_report"
    """Somebody reports a vulnerability to us."""
    EMERGENCY_DEPLOYMENT = "emergency_deployment"
    """A patch goes out under a protocol agreed with the notified body."""
    SBOM_RELEASE = "sbom_release"
    SBOM_QUARTER = "sbom_quarter"


class AnchorName(StrEnum):
    """The fact a period runs from."""

    AWARE_AT = "aware_at"
    """Per regime and entity: reasonable certainty (CRA, NIS2) or first receipt (MDR, 803)."""
    MEASURE_AVAILABLE_AT = "measure_available_at"
    INITIATED_AT = "initiated_at"
    ASSESSED_AT = "assessed_at"
    FILED_AT = "filed_at"
    """When an earlier filing stage was handed in; `anchor_rule` names that stage."""
    DECIDED_AT = "decided_at"
    REQUEST_RECEIVED_AT = "request_received_at"
    RECEIVED_AT = "received_at"
    """When a report, or new information, reached us."""
    LEARNED_AT = "learned_at"
    HANDLED_AT = "handled_at"
    """When the handling of an incident ended."""
    ACTION_STARTS_AT = "action_starts_at"
    """When a planned action or change takes effect in the field: a duty before it."""
    DEPLOYED_AT = "deployed_at"
    RELEASED_AT = "released_at"
    PERIOD_BEGAN_AT = "period_began_at"
    PLACED_AT = "placed_at"
    SUPPORT_ENDS_AT = "support_ends_at"
    LIFE_ENDS_AT = "life_ends_at"
    """When the expected life of a device ends."""
    PAID_AT = "paid_at"


class Fact(StrEnum):
    """What a rule's conditions may ask for, besides its trigger."""

    RISK_BAND = "risk_band"
    COORDINATOR = "coordinator"
    DEVICE_CLASS = "device_class"
    CERTIFICATE_ROUTE = "certificate_route"
    URGENT = "urgent"
    ONGOING = "ongoing"


class Unit(StrEnum):
    """What a period counts."""

    HOUR = "hour"
    CALENDAR_DAY = "calendar_day"
    MONTH = "month"
    WORKING_DAY = "working_day"


class CalendarName(StrEnum):
    """Whose public holidays count. `none` knows weekends only."""

    NONE = "none"
    EU_MEMBER_STATE = "eu_member_state"
    EU_INSTITUTIONS = "eu_institutions"
    US_FEDERAL = "us_federal"


class Roll(StrEnum):
    """What happens to an end on a Saturday, Sunday or public holiday; hours never roll."""

    NONE = "none"
    NEXT_WORKING_DAY = "next_working_day"


class Ends(StrEnum):
    """When on its last day a period of days or months ends for us."""

    SAME_TIME = "same_time"
    END_OF_DAY = "end_of_day"


class Bound(StrEnum):
    """Which side of the end is safe: act by then at the latest, or keep until then at least."""

    AT_MOST = "at_most"
    AT_LEAST = "at_least"


class Confidence(StrEnum):
    """How sure we are of a rule: read in a source, remembered, or our own reading."""

    VERIFIED = "verified"
    MEMORY = "memory"
    INTERPRETATION = "interpretation"


MAIN_ESTABLISHMENT = "main_establishment"
"""The zone of the Member State of the entity's main establishment, instead of an IANA name."""

COMPETENT_AUTHORITY = "competent_authority"
"""The zone of the Member State whose authority is told (MDR, IVDR: where the incident happened)."""

MEMBER_STATE = "member_state"
"""The zone of the Member State whose national law binds the entity (NIS2)."""

PLACES = frozenset({MAIN_ESTABLISHMENT, COMPETENT_AUTHORITY, MEMBER_STATE})
"""What a rule's zone may be instead of an IANA name: known only with the case."""

"""Every event of the fleet by its type, in the order an advisory passes through it.

Whoever needs one stream imports its module, and not all of them.
"""

from schemas.advisories import AdvisoryPublished, AdvisoryWithdrawn
from schemas.alerts import (
    AlertAcknowledged,
    AlertDelivered,
    AlertRaised,
    AlertResolved,
    AlertUndelivered,
)
from schemas.campaigns import (
    CampaignAborted,
    CampaignCompleted,
    CampaignPlanned,
    CoverageChanged,
    CoverageForgotten,
    ReleasePublished,
    SafetyStopped,
    WaveCompleted,
    WaveHalted,
    WaveRequested,
    WaveResumed,
    WaveStarted,
)
from schemas.cases import (
    CaseClosed,
    CaseMerged,
    CaseOpened,
    CaseReopened,
    CaseScoped,
    CaseSignalled,
    CaseSplit,
    DecisionRecorded,
    ExploitationAssessed,
    GateEvaluated,
    IncidentAssessed,
    MeasureApproved,
    MeasureAvailable,
    MeasurePlanned,
    PathwayDecided,
    RiskAssessed,
)
from schemas.catalogue import EntityRegistered, ProductRegistered, ProductRetired, SiteRegistered
from schemas.clocks import (
    ClockEnded,
    ClockEscalated,
    ClockLate,
    ClockMet,
    ClockMoved,
    ClockStarted,
)
from schemas.devices import DeviceRegistered, DeviceReported, DeviceRetired
from schemas.drafts import (
    DraftApproved,
    DraftPrepared,
    DraftVoided,
    FilingRecorded,
    NoticeSent,
    RequestReceived,
)
from schemas.event import Event, Tombstone
from schemas.findings import (
    FindingChanged,
    FindingCleared,
    FindingOpened,
    SbomCompared,
    VulnerabilityDescribed,
    VulnerabilityMerged,
    VulnerabilitySplit,
)
from schemas.sboms import SbomRegistered, SbomReviewDue, SbomReviewed
from schemas.signals import (
    ExploitationReported,
    ExploitationWithdrawn,
    IncidentReported,
    ReportReceived,
    ScoreObserved,
)
from schemas.submissions import SubmissionRejected

EVENTS: dict[str, type[Event]] = {
    event.TYPE: event
    for event in (
        SubmissionRejected,
        ProductRegistered,
        ProductRetired,
        EntityRegistered,
        SiteRegistered,
        DeviceRegistered,
        DeviceRetired,
        SbomRegistered,
        SbomReviewDue,
        SbomReviewed,
        AdvisoryPublished,
        AdvisoryWithdrawn,
        ExploitationReported,
        ExploitationWithdrawn,
        ScoreObserved,
        ReportReceived,
        IncidentReported,
        VulnerabilityDescribed,
        FindingOpened,
        FindingChanged,
        FindingCleared,
        VulnerabilityMerged,
        VulnerabilitySplit,
        SbomCompared,
        CaseOpened,
        CaseScoped,
        CaseSignalled,
        ExploitationAssessed,
        IncidentAssessed,
        RiskAssessed,
        DecisionRecorded,
        PathwayDecided,
        MeasurePlanned,
        MeasureApproved,
        MeasureAvailable,
        GateEvaluated,
        CaseMerged,
        CaseSplit,
        CaseClosed,
        CaseReopened,
        ClockStarted,
        ClockMoved,
        ClockEscalated,
        ClockLate,
        ClockMet,
        ClockEnded,
        DraftPrepared,
        DraftApproved,
        DraftVoided,
        FilingRecorded,
        NoticeSent,
        RequestReceived,
        AlertRaised,
        AlertDelivered,
        AlertUndelivered,
        AlertAcknowledged,
        AlertResolved,
        DeviceReported,
        ReleasePublished,
        CampaignPlanned,
        WaveRequested,
        WaveStarted,
        WaveHalted,
        WaveResumed,
        WaveCompleted,
        CampaignCompleted,
        CampaignAborted,
        SafetyStopped,
        CoverageChanged,
    )
}
"""Every event class by its type."""

TOMBSTONES: dict[str, type[Tombstone]] = {end.TYPE: end for end in (CoverageForgotten,)}
"""Every end of a key by its type: records without value, on compacted topics."""

"""Every topic of the fleet: partitions, retention, clean-up, who writes it and who reads it.

The broker is never allowed to create a topic by itself; `patchvigil topics apply` makes them from
this list, with the access rules that follow from it, and fails on drift.
"""

from dataclasses import dataclass
from datetime import timedelta

SERVICES = (
    "intake",
    "sbom-matcher",
    "triage",
    "deadline-clock",
    "notification",
    "deployment-tracker",
)
"""The six services, in the order an advisory passes through them."""

INTEGRATION = "integration"
"""The Kafka user of platform integrations: writes inbound topics, reads outbound ones."""

DEVICES = "device-relay"
"""The Kafka user of relays that publish what devices report."""

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Topic:
    """One Kafka topic.

    `compacted` keeps the last record of a key for ever; otherwise records live for `retention`.
    `written_by` and `read_by` name services or the outside users above; nobody else has access.
    """

    name: str
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    key: str
    partitions: int = 6
    retention: timedelta = 30 * DAY
    compacted: bool = False
    description: str = ""

    @property
    def config(self) -> dict[str, str]:
        """The topic's settings as Kafka spells them."""
        if self.compacted:
            return {"cleanup.policy": "compact"}
        milliseconds = int(self.retention.total_seconds() * 1000)
        return {"cleanup.policy": "delete", "retention.ms": str(milliseconds)}


def _with_bulk(topic: Topic) -> tuple[Topic, Topic]:
    """Give a stream its second lane, so that backfill never delays what is urgent."""
    bulk = Topic(
        f"{topic.name}.bulk",
        topic.written_by,
        topic.read_by,
        topic.key,
        topic.partitions,
        topic.retention,
        topic.compacted,
        f"The bulk lane of {topic.name}: backfill and daily scores.",
    )
    return topic, bulk


_STREAMS = (
    *_with_bulk(
        Topic(
            "submissions",
            ("intake", INTEGRATION),
            ("intake",),
            "source/document",
            retention=7 * DAY,
            description="Documents as integrations and people give them: any format intake reads.",
        )
    ),
    Topic(
        "rejections",
        ("intake",),
        (INTEGRATION, "triage"),
        "source/document",
        description="What intake refused: the reason, the place and how to mend it.",
    ),
    Topic(
        "catalogue",
        ("intake",),
        (
            "sbom-matcher",
            "triage",
            "deadline-clock",
            "notification",
            "deployment-tracker",
            INTEGRATION,
        ),
        "product, entity or site",
        compacted=True,
        description="Products, legal entities and sites, each as full state.",
    ),
    Topic(
        "devices",
        ("intake",),
        ("deployment-tracker", "triage"),
        "device",
        partitions=12,
        compacted=True,
        description="Fielded devices, each as full state.",
    ),
    Topic(
        "sboms",
        ("intake",),
        ("sbom-matcher", "triage"),
        "product",
        description="Registered SBOMs with their canonical component lists.",
    ),
    Topic(
        "sbom-reviews",
        ("sbom-matcher",),
        ("deadline-clock", INTEGRATION),
        "product",
        retention=400 * DAY,
        description="When the completeness of an SBOM is due for review, and who reviewed it.",
    ),
    *_with_bulk(
        Topic(
            "advisories",
            ("intake",),
            ("sbom-matcher", "triage"),
            "advisory",
            description="Advisories in canonical form: assertions about targets and versions.",
        )
    ),
    *_with_bulk(
        Topic(
            "signals",
            ("intake",),
            ("triage",),
            "CVE or alias",
            description="Evidence of exploitation somewhere; on the bulk lane also daily scores.",
        )
    ),
    Topic(
        "vulnerability-reports",
        ("intake",),
        ("triage",),
        "report",
        description="Reports and incidents from researchers, customers, scans and intelligence.",
    ),
    *_with_bulk(
        Topic(
            "findings",
            ("sbom-matcher",),
            ("triage", "notification", INTEGRATION),
            "vulnerability",
            description="Which components of which product versions vulnerabilities bear on.",
        )
    ),
    Topic(
        "cases",
        ("triage",),
        ("deadline-clock", "notification", "deployment-tracker", "triage", INTEGRATION),
        "case",
        description="The file of each vulnerability, report or incident, and its decisions.",
    ),
    Topic(
        "clocks",
        ("deadline-clock",),
        ("notification", "triage", INTEGRATION),
        "case",
        description="Obligations and their deadlines.",
    ),
    Topic(
        "drafts",
        ("notification",),
        ("triage", "deadline-clock", "deployment-tracker", INTEGRATION),
        "case",
        description="Prepared notifications, approvals, and the filings people made.",
    ),
    Topic(
        "alerts",
        ("notification",),
        ("triage", INTEGRATION),
        "case",
        description="Who was told what, when, and whether they answered.",
    ),
    Topic(
        "device-reports",
        (DEVICES, INTEGRATION),
        ("deployment-tracker",),
        "device",
        partitions=12,
        description="What devices, relays and technicians report of an installation.",
    ),
    Topic(
        "campaigns",
        ("deployment-tracker",),
        ("triage", "deadline-clock", "notification", INTEGRATION),
        "campaign",
        description="Releases, campaigns and their waves.",
    ),
    Topic(
        "coverage",
        ("deployment-tracker",),
        ("triage", "deadline-clock", "notification", INTEGRATION),
        "campaign/product/version/hardware/market/method/wave",
        compacted=True,
        description="How far a measure verifiably is: absolute counts a cell, ended by a tombstone"
        " 30 days after its campaign.",
    ),
)

_QUARANTINES = tuple(
    Topic(
        f"{service}.quarantine",
        (service,),
        (service, INTEGRATION),
        "as the record",
        partitions=1,
        description=f"References to records that {service} could not handle, with the error.",
    )
    for service in SERVICES
)

TOPICS: dict[str, Topic] = {topic.name: topic for topic in (*_STREAMS, *_QUARANTINES)}


def bulk_lane(topic: str) -> str | None:
    """Name the bulk lane of a stream, or None where it has just the urgent one."""
    name = f"{topic}.bulk"
    return name if name in TOPICS else None


def users() -> tuple[str, ...]:
    """Name every Kafka user the access rules speak of."""
    return (*SERVICES, INTEGRATION, DEVICES)

"""Every metric of the auditor's process, which serves them on a port of its own, if one is set."""

from prometheus_client import CollectorRegistry, Counter, Gauge

REGISTRY = CollectorRegistry(auto_describe=True)

LOOKED = Gauge(
    "auditor_look_timestamp_seconds",
    "When it last could look: a dead man's handle.",
    registry=REGISTRY,
)
OVERDUE = Gauge(
    "auditor_overdue_steps", "Escalation steps overdue without effect now.", registry=REGISTRY
)
ALARMS = Counter(
    "auditor_alarms", "Messages raised on the second path.", ["kind"], registry=REGISTRY
)
FAULTS = Counter(
    "auditor_faults", "Tries on the second path that failed.", ["channel"], registry=REGISTRY
)

"""Every Prometheus metric of a service, declared once, with what an operator reads from it.

Base units, counters end in `_total`, and no label ever holds an id, a name or a free text: labels
come from closed sets (consumers, topics, routes, outcomes). The gauges that mirror a table are
refreshed when `/metrics` is read (`kit.health`), so that an idle service polls nothing.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

REGISTRY = CollectorRegistry(auto_describe=True)
"""The kit's own registry: only what is declared here is served."""

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_AGES = (0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300, 3600, 86400)
_SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)

# Consuming -----------------------------------------------------------------------------------

INBOX_DUPLICATES = Counter(
    "inbox_duplicates",
    "Records that were delivered again and had no effect.",
    ["consumer"],
    registry=REGISTRY,
)
UNKNOWN_EVENT_TYPES = Counter(
    "unknown_event_types",
    "Records of a type that no handler of the consumer asked for.",
    ["consumer"],
    registry=REGISTRY,
)
FAULTY_HEADERS = Counter(
    "faulty_headers",
    "Records with a header that is null or not UTF-8.",
    ["consumer"],
    registry=REGISTRY,
)
BATCH_SIZE = Histogram(
    "batch_size",
    "Records in a batch as it was polled.",
    ["consumer"],
    buckets=_SIZES,
    registry=REGISTRY,
)
BATCH_DURATION = Histogram(
    "batch_duration_seconds",
    "From a batch's poll to its commit, retries included.",
    ["consumer"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
BATCH_RETRIES = Counter(
    # kind: transient (connection, deadlock) or unknown (an exception nobody declared).
    "batch_retries",
    "Attempts at a batch that failed and were made again.",
    ["consumer", "kind"],
    registry=REGISTRY,
)
EVENT_AGE = Histogram(
    "event_age_seconds",
    "Now less ce_time of a batch's oldest record: end-to-end lag.",
    ["topic"],
    buckets=_AGES,
    registry=REGISTRY,
)
CONSUMER_STOPPED = Gauge(
    "consumer_stopped",
    "1 while a consumer stands still (brake or unknown error); page on it.",
    ["consumer"],
    registry=REGISTRY,
)

# Quarantine ----------------------------------------------------------------------------------

QUARANTINED = Counter(
    # state: faulty (could not be taken) or parked (behind a faulty record of its key).
    "quarantined_records",
    "Records put into quarantine since the start.",
    ["consumer", "state"],
    registry=REGISTRY,
)
QUARANTINE_RECORDS = Gauge(
    "quarantine_records",
    "Records that wait in quarantine for a person.",
    ["topic"],
    registry=REGISTRY,
)

# Outbox --------------------------------------------------------------------------------------

OUTBOX_PENDING = Gauge("outbox_pending", "Events committed, not yet in Kafka.", registry=REGISTRY)
OUTBOX_OLDEST = Gauge(
    "outbox_oldest_seconds",
    "Age of the oldest event not yet in Kafka: a stalled relay shows.",
    registry=REGISTRY,
)
OUTBOX_PUBLISHED = Counter(
    "outbox_published",
    "Events that Kafka acknowledged.",
    ["topic"],
    registry=REGISTRY,
)
OUTBOX_FAILURES = Counter(
    "outbox_failures",
    "Pages of the outbox that could not be published whole.",
    registry=REGISTRY,
)

# Timers --------------------------------------------------------------------------------------

TIMER_FIRED = Counter(
    # source: redis (the index) or sweep (PostgreSQL, when the index missed it).
    "timer_fired",
    "Timers that took effect.",
    ["source"],
    registry=REGISTRY,
)
TIMER_LATENESS = Histogram(
    "timer_lateness_seconds",
    "From a timer's fire_at to its effect.",
    buckets=(*_SECONDS, 60, 300, 3600),
    registry=REGISTRY,
)
TIMER_ERRORS = Counter(
    # kind: transient (retried at once) or handler (stays armed, retried with back-off).
    "timer_errors",
    "Firings that failed and will be made again.",
    ["kind"],
    registry=REGISTRY,
)
TIMER_TICK = Gauge(
    "timer_tick_timestamp_seconds",
    "When the timer loop last looked: a dead man's handle.",
    registry=REGISTRY,
)
TIMER_INDEX_UP = Gauge(
    "timer_index_up",
    "1 while Redis answers; at 0 only the sweep fires.",
    registry=REGISTRY,
)
TIMERS_ARMED = Gauge("timers_armed", "Timers that wait for their time.", registry=REGISTRY)
ALARM_OVERDUE = Gauge(
    "alarm_overdue_seconds",
    "Lateness of the worst timer still armed; page above 60.",
    registry=REGISTRY,
)

# People --------------------------------------------------------------------------------------

HTTP_DURATION = Histogram(
    "http_request_duration_seconds",
    "Time to answer, by route template and status.",
    ["method", "route", "status"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
IDEMPOTENT_REPLAYS = Counter(
    "http_idempotent_replays",
    "POSTs answered from their Idempotency-Key.",
    registry=REGISTRY,
)
AUDIT_UNSEALED = Gauge(
    "audit_unsealed_rows",
    "Audit rows that no seal covers yet; above 0 for minutes is a fault.",
    registry=REGISTRY,
)

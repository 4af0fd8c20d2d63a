"""Intake's Kafka edge and its timers: records become submissions, waits come to their end."""

from collections.abc import Sequence
from uuid import UUID

from services.intake import desk
from services.intake.domain import identity
from services.intake.domain.submission import LONGEST_NAME, Submission
from services.intake.formats.canonical import Subject
from services.kit.consume import Consumer
from services.kit.records import RawRecord
from services.kit.timers import Fired, Timers
from services.kit.unit import Unit

ROLES = frozenset({"integration", "psirt"})
"""Who may submit."""

consumer = Consumer("intake")
timers = Timers()


@consumer.raw("submissions", "submissions.bulk")
async def on_submissions(records: list[RawRecord], unit: Unit) -> None:
    """Take documents in, in the order of their partition."""
    await desk.take_in(unit, [submission(record, unit) for record in records])


@timers.on_fire
async def on_waits_over(fired: Sequence[Fired], unit: Unit) -> None:
    """Reject what has waited for its product in vain."""
    await desk.give_up(unit, [UUID(each.subject.removeprefix("submission/")) for each in fired])


def submission(record: RawRecord, unit: Unit) -> Submission:
    """The submission that a record is. Its id follows from its place, so that replays are known."""
    headers, digest = record.headers, identity.digest(record.value)
    actor = record.principal
    allowed = actor is not None and not actor.roles.isdisjoint(ROLES)
    key = record.key.decode(errors="replace") if record.key else ""
    name = headers.get("ce_subject") or key or digest[:16]
    source = headers.get("ce_source") or (actor.id if actor else "") or "unsigned"
    moment = str(record.timestamp.timestamp())
    return Submission(
        id=identity.derived(
            "kafka", record.topic, str(record.partition), str(record.offset), moment
        ),
        source=plain(source),
        document=plain(name),
        raw=record.value,
        digest=digest,
        received_at=unit.now,
        principal=actor.id if actor and allowed else None,
        bulk=record.topic.endswith(".bulk"),
        about=about(
            headers.get("pv-product"), headers.get("pv-version"), headers.get("pv-hardware")
        ),
        traceparent=headers.get("traceparent"),
    )


def about(product: str | None, version: str | None, hardware: str | None) -> Subject | None:
    """What a submitter says an SBOM describes, if anything."""
    if not (product or version or hardware):
        return None
    return Subject(product or None, None, version or None, hardware or "")


def plain(name: str) -> str:
    """A name fit to be part of a key: printable, and not too long."""
    kept = "".join(sign if sign.isprintable() else " " for sign in name).strip()
    return kept[:LONGEST_NAME] or "unnamed"

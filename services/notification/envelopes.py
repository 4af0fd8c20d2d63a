"""Addresses a message: which webhook, whose zone, whose link, and who is tried after them."""

from services.notification import alerting
from services.notification.channels.outcome import SendError
from services.notification.domain import ack_link
from services.notification.domain import alert as wording
from services.notification.domain import message as messages
from services.notification.domain.message import Envelope
from services.notification.domain.roster import Webhook
from services.notification.roster_file import OnCall
from services.notification.store.deliveries import Claimed


def receiver_of(message: Claimed, on_call: OnCall) -> Webhook:
    """The webhook that a message goes to.

    Raises:
        SendError: the roster has none for it.
    """
    if message.channel == "ticket":
        if on_call.roster.tickets is None:
            raise SendError(alerting.NO_TICKETS, permanent=True)
        return on_call.roster.tickets
    person = on_call.roster.person(message.person)
    if person is None or person.webhook is None:
        raise SendError("the roster has no webhook for this person", permanent=True)
    return person.webhook


def envelope_of(message: Claimed, on_call: OnCall) -> Envelope:
    """What is the receiver's own in a message."""
    person = on_call.roster.person(message.person)
    purpose: messages.Purpose = message.purpose  # type: ignore[assignment]  # set by alerting only
    places = [turn.person for turn in message.chain]
    after = places.index(message.person) + 1 if message.person in places else len(places)
    then = on_call.roster.person(places[after]) if after < len(places) else None
    return Envelope(
        message_id=str(message.delivery),
        alert=message.alert,
        dedup_key=message.dedup_key,
        purpose=purpose,
        raised_at=message.raised_at,
        to=message.person,
        zone=person.zone if person is not None else "UTC",
        base_url=on_call.roster.acknowledge.base_url.rstrip("/"),
        ack_url=_ack_url(message, on_call) if message.purpose in {"page", "exhausted"} else None,
        then=then.name if then is not None else None,
        then_in=message.chain[after - 1].need_ack_in if then is not None else None,
        because=message.because,
    )


def _ack_url(message: Claimed, on_call: OnCall) -> str:
    given = on_call.roster.acknowledge
    ticket = ack_link.Ticket(
        message.alert, message.person, wording.ack_expires(message.raised_at, given.valid_for)
    )
    return f"{given.base_url.rstrip('/')}/ack/{ack_link.make(ticket, on_call.ack_key)}"

"""Policy on Notified Bodies: a patch that goes out under an agreed protocol is told within hours.

The hours are the contract's or the protocol's, never the law's; the signed pathway says that the
protocol was used.
"""

from schemas.clocks import Anchor, ClockState
from schemas.drafts import NoticeKind
from services.deadline_clock.domain.rules import AnchorName
from services.deadline_clock.domain.standing import Met, Question, Standing

_PROTOCOL = "+protocol"
"""How the route of a change ends that goes out under the protocol."""


def standings(question: Question) -> tuple[Standing, ...]:
    """One clock a measure under the protocol, from the first wave that carries it."""
    facts, product = question.facts, question.product
    waves = facts.waves_of(product)
    notices = facts.notices_of(product, NoticeKind.NOTIFIED_BODY)
    found = []
    for each in facts.pathways:
        if each.product != product or not each.route.endswith(_PROTOCOL):
            continue
        after = [wave for wave in waves if wave.at >= each.decided_at]
        first = min(after, key=lambda wave: (wave.at, wave.id), default=None)
        if first is None:
            waiting = Standing(
                state=ClockState.AWAITING_ANCHOR,
                because=f"waits for the first wave of {each.measure}",
                occurrence=each.measure,
            )
            found.append(waiting)
            continue
        told = next((one for one in notices if one.sent_at >= each.decided_at), None)
        running = Standing(
            state=ClockState.RUNNING,
            because=f"{each.measure} went out under the protocol that {each.decided_by} signed for",
            anchor=Anchor(
                name=AnchorName.DEPLOYED_AT,
                at=first.at,
                set_by=first.by,
                set_at=first.at,
                evidence=f"{first.what} {first.id}",
            ),
            met=Met(told.sent_at, f"notice {told.notice}") if told else None,
            occurrence=each.measure,
        )
        found.append(running)
    return tuple(found)

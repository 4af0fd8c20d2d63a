"""Says in words whether a clock binds: on every alert and on every export of a draft."""

from schemas.clocks import Clock, ClockMode, RuleKind

SHADOW = "not a legal duty"
"""On every export of a shadow draft."""

DRILL = "DRILL: nothing of this is real; never file it"
"""On every export of a drill's draft, and on every alert of it."""


def duty_of(clock: Clock) -> str:
    """Whether it binds; guidance and policy never read as law, in whatever mode they are."""
    if clock.drill:
        return DRILL
    if clock.mode is ClockMode.SHADOW:
        return SHADOW
    if clock.kind is not RuleKind.LAW and clock.mode is ClockMode.MANDATORY:
        return f"{clock.kind.value}, {SHADOW}"
    return clock.mode.value

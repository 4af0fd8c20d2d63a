"""Prepares a draft: each field from a person, an earlier stage or the facts, or as a visible gap.

Nothing is invented (architecture, invariant 7): a value has a source, a missing one has a reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.clocks import Clock, ClockState
from services.notification.domain import report_number
from services.notification.domain.answers import COMPOSED, answer
from services.notification.domain.document import (
    DraftDocument,
    DutyRef,
    FieldState,
    OpenField,
    SourceRef,
    TemplateRef,
)
from services.notification.domain.duty import duty_of
from services.notification.domain.facts import Answer, CaseFacts, Source
from services.notification.domain.faults import fault_in
from services.notification.domain.template import Code, FieldRule, Status, Template


@dataclass(frozen=True, slots=True)
class Fill:
    """What a person stated for a field; it stands until the person or another states otherwise."""

    field: str
    status: Status
    author: str
    at: datetime
    value: str | tuple[str, ...] | None = None
    reason: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier stage's draft whose values carry over: the filed revision, or the newest."""

    document: DraftDocument
    filed: bool


@dataclass(frozen=True, slots=True)
class Preparation:
    """All that one revision is made of."""

    draft: str
    revision: int
    template: Template
    facts: CaseFacts
    fills: Mapping[str, Fill]
    earlier: Sequence[Earlier] = ()


def prepare(wanted: Preparation) -> DraftDocument:
    """Write one revision of a draft."""
    states: dict[str, FieldState] = {}
    for rule in wanted.template.fields:
        if rule.fact not in COMPOSED:
            states[rule.id] = _state(rule, wanted)
    for rule in wanted.template.fields:
        if rule.fact in COMPOSED:
            states[rule.id] = _composed(rule, wanted, states)
    fields = tuple(states[rule.id] for rule in wanted.template.fields)
    clock = wanted.facts.clock.fact
    return DraftDocument(
        legal_duty=duty_of(clock),
        draft=wanted.draft,
        revision=wanted.revision,
        case=clock.case,
        product=clock.product,
        duty=_duty(clock),
        template=_reference(wanted.template),
        gaps=gaps(fields, wanted.template),
        fields=fields,
        prepared_at=wanted.facts.now,
    )


def _state(rule: FieldRule, wanted: Preparation) -> FieldState:
    found, carried = _machine(rule, wanted)
    fill = wanted.fills.get(rule.id)
    if fill is None:
        return _with(rule, found, carried)
    stated = Answer(
        fill.status,
        fill.value,
        Source("person", fill.author, fill.at, "stated by a person"),
        fill.reason,
        fill.until,
    )
    state = _with(rule, stated, None)
    if found.status is Status.KNOWN and found.value != fill.value:
        return state.model_copy(update={"records_say": _text(found.value)})
    return state


def _machine(rule: FieldRule, wanted: Preparation) -> tuple[Answer, str | None]:
    """What an earlier stage or the facts say; a filed stage wins over newer facts."""
    now = answer(rule.fact, wanted.facts)
    if rule.code is not Code.CARRIED:
        return now, None
    for earlier in reversed(wanted.earlier):
        state = earlier.document.field(rule.id)
        if state is None:
            continue
        stated = state.source is not None and state.source.kind == "person"
        if earlier.filed or stated:
            return _answer_of(state), earlier.document.template.id
        if state.status is Status.KNOWN and state.value == now.value:
            return now, earlier.document.template.id
    return now, None


def _answer_of(state: FieldState) -> Answer:
    source = state.source
    return Answer(
        state.status,
        state.value,
        Source(source.kind, source.ref, source.at, source.what) if source else None,
        state.reason,
        state.until,
    )


def _composed(rule: FieldRule, wanted: Preparation, states: Mapping[str, FieldState]) -> FieldState:
    if rule.id in wanted.fills:
        return _state(replace_fact(rule), wanted)
    found = (
        report_number.number(states, wanted.facts.now)
        if rule.fact == "us806.report_number"
        else report_number.not_available(states.values(), wanted.facts.now)
    )
    return _with(rule, found, None)


def replace_fact(rule: FieldRule) -> FieldRule:
    """The same field without its composed fact: a person stated it instead."""
    return rule.model_copy(update={"fact": None})


def _with(rule: FieldRule, found: Answer, carried: str | None) -> FieldState:
    text = _text(found.value)
    return FieldState(
        id=rule.id,
        number=rule.number,
        label=rule.label,
        code=rule.code,
        must=rule.must,
        basis=rule.basis,
        confidence=rule.confidence,
        note=rule.note,
        status=found.status,
        value=found.value,
        source=_ref(found.source),
        reason=found.reason,
        until=found.until,
        length=len(text) if found.value is not None else None,
        max_length=rule.max_length,
        fault=fault_in(rule, found.value) if found.value is not None else None,
        carried_from=carried,
    )


def _text(value: str | tuple[str, ...] | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else ", ".join(value)


def _ref(source: Source | None) -> SourceRef | None:
    if source is None:
        return None
    return SourceRef(kind=source.kind, ref=source.ref, at=source.at, what=source.what)


def gaps(fields: Iterable[FieldState], template: Template) -> tuple[OpenField, ...]:
    """List what is open, required fields first, each in the order of the form.

    A value over its limit or outside its choices is open and required: it cannot be entered.
    """
    found = [gap for state in fields if (gap := _gap(state, template)) is not None]
    return tuple(sorted(found, key=lambda gap: not gap.required))


def _gap(state: FieldState, template: Template) -> OpenField | None:
    rule = template.field(state.id)
    accepted = rule is not None and state.status in rule.accepts and state.source is not None
    if state.status is Status.KNOWN:
        if state.fault is None:
            return None
        return OpenField(field=state.id, label=state.label, required=True, reason=state.fault)
    if state.status is Status.NOT_APPLICABLE and accepted:
        return None
    if state.code is Code.SYSTEM:
        return None
    return OpenField(
        field=state.id,
        label=state.label,
        required=state.must and not accepted,
        reason=state.reason or "not stated",
        expected_on=state.until,
    )


def _duty(clock: Clock) -> DutyRef:
    return DutyRef(
        clock=clock.clock,
        rule=clock.rule,
        pack=clock.pack,
        kind=clock.kind.value,
        label=clock.label,
        authority=clock.authority,
        mode=clock.mode.value,
        mode_reason=clock.mode_reason,
        provisional=clock.state is ClockState.PROVISIONAL,
        drill=clock.drill,
    )


def _reference(template: Template) -> TemplateRef:
    return TemplateRef(
        **template.model_dump(exclude={"fields", "carries_from"}),
    )


def newest(fills: Iterable[Fill]) -> dict[str, Fill]:
    """Keep the last statement on each field; `fills` are in the order in which they were made."""
    return {each.field: replace(each) for each in fills}

"""Answers waves gate by gate, and takes an answer back when its evidence lapses or is revoked.

Whoever changes evidence, and whoever answers a wave, holds the lock of the measure first; releases
and waves meet under the lock of the release. No wave runs on evidence that was revoked meanwhile.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from schemas.cases import GateEvaluated
from services.kit.records import Cause
from services.kit.unit import Unit
from services.triage import rulebook
from services.triage.domain.gates import Answer, WaveAsks, evaluate, warnings
from services.triage.domain.waiting import waiting
from services.triage.store import gates, records

MEASURE = "measure"
RELEASE = "release"
SIGNERS = "signers"
"""The kinds of advisory lock under which evidence, releases, keys and waves meet, in this order."""

EXPIRY = "expiry"
"""The timer's step at which evidence, or a signer's key, lapses."""


async def hold(unit: Unit, measures: Iterable[str], releases: Iterable[str] = ()) -> None:
    """Lock measures and releases, in one order for all, and the few keys that sign releases."""
    await unit.lock(MEASURE, measures)
    await unit.lock(RELEASE, releases)
    await unit.lock(SIGNERS, [SIGNERS])


async def answer(unit: Unit, asked: Sequence[tuple[WaveAsks, datetime, Cause]]) -> None:
    """Answer requests that were not answered before; each is (request, when, its event)."""
    done = await gates.answered(unit.db, (asks.request for asks, _, _ in asked))
    news = [each for each in asked if each[0].request not in done]
    answers = await _evaluate(unit, [asks for asks, _, _ in news], unit.now)
    for (asks, at, cause), found in zip(news, answers, strict=True):
        await _tell(unit, asks, found, at, cause)


async def reevaluate(
    unit: Unit,
    measures: Iterable[str],
    *,
    releases: Iterable[str] = (),
    at: datetime | None = None,
    cause: Cause | None = None,
) -> None:
    """Tell waves in flight what changed in their answer: other evidence, or a gate that failed.

    A refused wave is never let pass by itself, as nobody expects it to start any more; a person
    asks again. It is but where it was refused only because its release had not been heard of yet.
    """
    standing = await gates.in_force(unit.db, measures, releases)
    touched = [each for each in standing if each.passed or not each.release_known]
    answers = await _evaluate(unit, [each.asks for each in touched], at or unit.now)
    for each, found in zip(touched, answers, strict=True):
        if found.answers != each.answers:
            await _tell(unit, each.asks, found, each.requested_at, cause)


async def _evaluate(unit: Unit, asked: Sequence[WaveAsks], at: datetime) -> list[Answer]:
    if not asked:
        return []
    evidence = await gates.evidence(unit.db, (each.measure for each in asked))
    releases = await gates.releases(unit.db, (each.release for each in asked if each.release))
    signers = await gates.signers(unit.db)
    policy = rulebook.gate_policy()
    answers = []
    for asks in asked:
        release = releases.get(asks.release or "")
        signer = signers.get(release.signed_by or "") if release else None
        answers.append(evaluate(asks, evidence, release, signer, policy, at))
    return answers


async def _tell(
    unit: Unit, asks: WaveAsks, found: Answer, requested_at: datetime, cause: Cause | None
) -> None:
    """Store and publish one answer; waves are few, so one by one."""
    seen = await _warnings(unit, asks)
    await gates.save_answer(unit.db, asks, found, seen, requested_at, unit.now)
    event = GateEvaluated(
        case=asks.case,
        campaign=asks.campaign,
        wave=asks.wave,
        request=asks.request,
        passed=found.passed,
        answers=found.answers,
        warnings=seen,
        valid_until=found.valid_until,
        evaluated_at=unit.now,
    )
    unit.emit(event, cause=cause, case=asks.case, name=asks.request)


async def _warnings(unit: Unit, asks: WaveAsks) -> tuple[str, ...]:
    case = await records.resolve(unit.db, asks.case)
    row = await records.case_row(unit.db, case, lock=False) if case else None
    if row is None:
        return (f"case {asks.case} is not known to triage",)
    record = await records.record(unit.db, row)
    waits = waiting(record, rulebook.decision_questions())
    return warnings(asks.product, record.clocks, waits, unit.now)

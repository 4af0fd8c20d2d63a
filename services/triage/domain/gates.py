"""Whether the evidence lets a wave pass: three gates, each with its own proof, none waived by time.

A late or missing filing never blocks: a fix that waits for paper harms patients. It is a warning.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.cases import GateAnswer, GateVerdict
from schemas.clocks import ClockMode
from services.triage.domain.packs import Gate, GatePolicy
from services.triage.domain.record import HeldClock
from services.triage.domain.refusal import RefusalError
from services.triage.domain.releases import Release, Signature, Signer, signature_of
from services.triage.domain.waiting import Waiting

RELEASE_SIGNED = "release_signed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A record that proves a gate for one measure, and for one product where it names one."""

    evidence: str
    case: str
    measure: str
    product: str | None
    gate: str
    reference: str
    digest: str
    release_digest: str | None
    valid_until: datetime
    recorded_by: str
    recorded_at: datetime
    revoked_at: datetime | None = None

    @property
    def hash(self) -> str:
        """SHA-256 of what was recorded, in hex: what an answer to a wave cites."""
        return _hash(
            self.evidence, self.case, self.measure, self.product or "", self.gate, self.reference,
            self.digest, self.release_digest or "", self.valid_until.isoformat(),
            self.recorded_by, self.recorded_at.isoformat(),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class WaveAsks:
    """A wave's request; `release` None where the measure is not a patch."""

    campaign: str
    wave: int
    request: str
    case: str
    measure: str
    product: str
    release: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """All gates' answers to a wave. `valid_until` is the earliest lapse; None while one fails.

    `release_known` is False where the wave asks for a release that nobody has published yet.
    """

    passed: bool
    answers: tuple[GateAnswer, ...]
    valid_until: datetime | None
    release_known: bool = True


def validity(gate: Gate, asked: datetime | None, now: datetime) -> datetime:
    """Until when evidence holds: as asked, at most as long as the policy says.

    Raises:
        RefusalError: the instant asked for has passed, or is beyond the policy.
    """
    longest = now + timedelta(days=gate.valid_days)
    if asked is None:
        return longest
    if asked <= now:
        raise RefusalError(
            f"valid_until {asked.isoformat()} has passed",
            pointer="/valid_until",
            mend="give an instant to come, or leave it out",
        )
    if asked > longest:
        raise RefusalError(
            f"evidence for {gate.id} holds at most {gate.valid_days} days by policy",
            pointer="/valid_until",
            mend=f"give an instant up to {longest.isoformat()}, or leave it out",
        )
    return asked


def evaluate(
    asks: WaveAsks,
    evidence: Iterable[Evidence],
    release: Release | None,
    signer: Signer | None,
    policy: GatePolicy,
    now: datetime,
) -> Answer:
    """Answer a wave gate by gate; it passes when every gate does."""
    mine = [
        each
        for each in evidence
        if each.measure == asks.measure and each.product in {None, asks.product}
    ]
    answers = tuple(_answer(gate, asks, mine, release, signer, now) for gate in policy.gates)
    passed = all(each.verdict is GateVerdict.PASSED for each in answers)
    lapses = [each.valid_until for each in answers if each.valid_until is not None]
    known = asks.release is None or release is not None
    return Answer(passed, answers, min(lapses, default=None) if passed else None, known)


def _answer(
    gate: Gate,
    asks: WaveAsks,
    evidence: Sequence[Evidence],
    release: Release | None,
    signer: Signer | None,
    now: datetime,
) -> GateAnswer:
    mine = [each for each in evidence if each.gate == gate.id]
    if gate.id != RELEASE_SIGNED or asks.release is None:
        return _by_evidence(gate, mine, now)
    if release is None:
        return _refused(gate, GateVerdict.MISSING, f"release {asks.release} is not known")
    signature = signature_of(release, signer)
    bound = [each for each in mine if each.release_digest == release.digest]
    if signature is Signature.VERIFIED and signer is not None:
        return _by_signature(gate, release, signer, now)
    if signature is Signature.UNKNOWN_SIGNER:
        return _by_evidence(gate, bound, now)
    reasons = {
        Signature.UNSIGNED: f"release {release.release} is not signed",
        Signature.FORGED: f"the signature of release {release.release} does not verify with the "
        f"key of {release.signed_by}",
    }
    return _refused(gate, GateVerdict.MISSING, reasons[signature])


def _by_signature(gate: Gate, release: Release, signer: Signer, now: datetime) -> GateAnswer:
    until = min(signer.valid_until, release.published_at + timedelta(days=gate.valid_days))
    cited = _hash(release.release, release.digest, release.signature or "", signer.public_key)
    if signer.revoked_at is not None:
        reason = f"the key {signer.signer} was revoked on {signer.revoked_at.isoformat()}"
        return _refused(gate, GateVerdict.REVOKED, reason, cited)
    if until <= now:
        reason = f"the signature counted until {until.isoformat()}"
        return _refused(gate, GateVerdict.EXPIRED, reason, cited)
    return GateAnswer(
        gate=gate.id,
        verdict=GateVerdict.PASSED,
        evidence=cited,
        valid_until=until,
        reason=f"signed by {signer.signer}, verified",
    )


def _by_evidence(gate: Gate, evidence: Sequence[Evidence], now: datetime) -> GateAnswer:
    """The proof that holds longest; where none holds, what became of the newest one."""
    holding = [each for each in evidence if each.revoked_at is None and each.valid_until > now]
    if holding:
        best = max(holding, key=lambda each: (each.valid_until, each.evidence))
        return GateAnswer(
            gate=gate.id,
            verdict=GateVerdict.PASSED,
            evidence=best.hash,
            valid_until=best.valid_until,
            reason=f"{best.reference}, recorded by {best.recorded_by}",
        )
    if not evidence:
        return _refused(gate, GateVerdict.MISSING, "no evidence is recorded")
    last = max(evidence, key=lambda each: (each.recorded_at, each.evidence))
    if last.revoked_at is not None:
        reason = f"{last.reference} was revoked on {last.revoked_at.isoformat()}"
        return _refused(gate, GateVerdict.REVOKED, reason, last.hash)
    reason = f"{last.reference} held until {last.valid_until.isoformat()}"
    return _refused(gate, GateVerdict.EXPIRED, reason, last.hash)


def _refused(gate: Gate, verdict: GateVerdict, reason: str, cited: str | None = None) -> GateAnswer:
    return GateAnswer(
        gate=gate.id, verdict=verdict, evidence=cited, reason=f"{reason}: {gate.mend}"
    )


def warnings(
    product: str, clocks: Iterable[HeldClock], waits: Iterable[Waiting], now: datetime
) -> tuple[str, ...]:
    """What must be seen before a wave and never blocks it: duties unmet, questions unanswered."""
    found = []
    for clock in clocks:
        binds = clock.is_open and clock.mode is ClockMode.MANDATORY
        if binds and clock.is_legal_duty and clock.product in {None, product}:
            late = clock.due is not None and clock.due < now
            found.append(f"{clock.label} is {'late' if late else 'not met yet'}{_due(clock)}")
    found += [
        f"{each.question} is not decided: {each.title}"
        for each in waits
        if each.product == product and each.question in {"mdr.fsca", "us806.report"}
    ]
    return tuple(found)


def _due(clock: HeldClock) -> str:
    return f", due {clock.due.isoformat()}" if clock.due is not None else ""


def _hash(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

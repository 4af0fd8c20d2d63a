"""A wave passes on evidence that holds, and on nothing else; filings only warn."""

import base64
import hashlib
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from schemas.cases import GateVerdict
from schemas.clocks import ClockMode, ClockState, RuleKind
from services.triage import rulebook
from services.triage.domain.gates import Answer, Evidence, WaveAsks, evaluate, validity, warnings
from services.triage.domain.record import HeldClock
from services.triage.domain.refusal import RefusalError
from services.triage.domain.releases import Release, Signature, Signer, signature_of
from tests.unit.triage.made import HOUR, NOW

POLICY = rulebook.gate_policy()
DIGEST = hashlib.sha256(b"image").hexdigest()
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER = Signer(
    "key-1", base64.b64encode(KEY.public_key().public_bytes_raw()).decode(), NOW + 99 * HOUR, None
)
ASKS = WaveAsks("C-1", 1, "C-1/1/1", "PV-2026-0001", "M-1", "pump", None)


def evidence(gate: str, *, name: str = "", until: int = 10, revoked: bool = False) -> Evidence:
    return Evidence(
        evidence=name or f"e-{gate}",
        case="PV-2026-0001",
        measure="M-1",
        product=None,
        gate=gate,
        reference=f"{gate}-7",
        digest=DIGEST,
        release_digest=DIGEST,
        valid_until=NOW + until * HOUR,
        recorded_by="quality",
        recorded_at=NOW,
        revoked_at=NOW if revoked else None,
    )


def release(signature: bytes | None = None, signed_by: str | None = "key-1") -> Release:
    text = base64.b64encode(signature).decode() if signature is not None else None
    return Release("R-1", "pump", "1.1", DIGEST, text, signed_by, NOW)


ALL = [evidence(gate.id) for gate in POLICY.gates]


def answer(held: list[Evidence], asks: WaveAsks = ASKS, found: Release | None = None) -> Answer:
    return evaluate(asks, held, found, SIGNER, POLICY, NOW)


def patch(found: Release | None, held: list[Evidence] | None = None) -> Answer:
    asks = WaveAsks("C-1", 1, "C-1/1/1", "PV-2026-0001", "M-1", "pump", "R-1")
    signer = SIGNER if found is not None and found.signed_by == "key-1" else None
    return evaluate(asks, ALL if held is None else held, found, signer, POLICY, NOW)


def test_a_wave_passes_when_every_gate_has_a_proof_until_the_first_of_them_lapses() -> None:
    found = answer([*ALL[:-1], evidence(POLICY.gates[-1].id, until=3)])
    assert (found.passed, found.valid_until) == (True, NOW + 3 * HOUR)


@given(st.lists(st.tuples(st.sampled_from(POLICY.gates), st.integers(-5, 5), st.booleans())))
def test_a_wave_passes_exactly_when_each_gate_has_a_proof_in_force(
    drawn: list[tuple[object, int, bool]],
) -> None:
    held = [
        evidence(gate.id, name=f"e{n}", until=until, revoked=revoked)  # type: ignore[attr-defined]
        for n, (gate, until, revoked) in enumerate(drawn)
    ]
    in_force = {each.gate for each in held if each.revoked_at is None and each.valid_until > NOW}
    assert answer(held).passed == (in_force == {gate.id for gate in POLICY.gates})


@pytest.mark.parametrize(
    ("held", "verdict"),
    [
        ([], GateVerdict.MISSING),
        ([evidence("risk_file", until=-1)], GateVerdict.EXPIRED),
        ([evidence("risk_file", revoked=True)], GateVerdict.REVOKED),
    ],
)
def test_a_gate_that_does_not_pass_says_why_and_what_mends_it(
    held: list[Evidence], verdict: GateVerdict
) -> None:
    found = answer([*held, *ALL[1:]])
    assert not found.passed
    assert found.answers[0].verdict is verdict
    assert POLICY.gates[0].mend in found.answers[0].reason


def test_evidence_of_another_measure_or_product_proves_nothing() -> None:
    other = WaveAsks("C-1", 1, "C-1/1/1", "PV-2026-0001", "M-2", "pump", None)
    assert not answer(ALL, other).passed


def test_a_signature_of_a_registered_key_passes_without_any_record() -> None:
    found = patch(release(KEY.sign(bytes.fromhex(DIGEST))), [ALL[0], ALL[2]])
    assert found.passed
    assert found.answers[1].reason == "signed by key-1, verified"


@pytest.mark.parametrize("message", [bytes.fromhex(DIGEST), DIGEST.encode()])
def test_a_signature_counts_over_the_digest_or_over_its_hex(message: bytes) -> None:
    assert signature_of(release(KEY.sign(message)), SIGNER) is Signature.VERIFIED


def test_a_forged_signature_fails_whatever_is_recorded() -> None:
    found = patch(release(KEY.sign(b"another image")))
    assert not found.passed
    assert "does not verify" in found.answers[1].reason


def test_an_unsigned_release_fails_whatever_is_recorded() -> None:
    assert not patch(release(None)).passed


def test_a_signature_by_a_key_nobody_registered_needs_a_record_bound_to_the_release() -> None:
    unknown = release(KEY.sign(bytes.fromhex(DIGEST)), signed_by="key-9")
    assert patch(unknown).passed
    assert not patch(unknown, [ALL[0], ALL[2]]).passed


def test_a_release_that_nobody_published_yet_is_told_apart() -> None:
    found = patch(None)
    assert (found.passed, found.release_known) == (False, False)


def test_evidence_holds_no_longer_than_policy_says() -> None:
    gate = POLICY.gates[2]
    longest = NOW + timedelta(days=gate.valid_days)
    assert validity(gate, None, NOW) == longest
    assert validity(gate, NOW + HOUR, NOW) == NOW + HOUR
    with pytest.raises(RefusalError, match="at most 90 days"):
        validity(gate, longest + HOUR, NOW)
    with pytest.raises(RefusalError, match="has passed"):
        validity(gate, NOW, NOW)


def test_changing_anything_in_a_record_changes_its_hash() -> None:
    assert evidence("risk_file").hash == evidence("risk_file").hash
    assert evidence("risk_file").hash != evidence("risk_file", until=11).hash


def clock(**fields: object) -> HeldClock:
    values: dict[str, object] = {
        "clock": "c",
        "label": "CRA 24 h early warning",
        "kind": RuleKind.LAW,
        "product": "pump",
        "mode": ClockMode.MANDATORY,
        "state": ClockState.LATE,
        "due": NOW - HOUR,
    }
    return HeldClock(**(values | fields))  # type: ignore[arg-type]


def test_a_late_filing_warns_and_never_blocks() -> None:
    assert "is late" in warnings("pump", [clock()], (), NOW)[0]
    assert answer(ALL).passed


def test_a_shadow_clock_does_not_even_warn() -> None:
    assert warnings("pump", [clock(mode=ClockMode.SHADOW)], (), NOW) == ()

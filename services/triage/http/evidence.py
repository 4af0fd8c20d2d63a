"""Gate evidence and the keys that sign releases: recorded, lapsing, revoked."""

import base64
from datetime import timedelta

from pydantic import Field

from schemas.event import Instant
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page
from services.kit.http import router as make_router
from services.kit.ids import uuid7
from services.kit.pages import Key
from services.triage import rulebook, waves
from services.triage.domain.decisions import check_products
from services.triage.domain.gates import RELEASE_SIGNED, Evidence, validity
from services.triage.domain.refusal import RefusalError
from services.triage.domain.releases import Signer, public_key
from services.triage.http.desk import Asked, Ground, Moment, Short, Told, refusals, take
from services.triage.store import decided, gates

router = make_router("triage")

SHA256 = r"^[0-9a-f]{64}$"
_KEY_DAYS = 365


class EvidenceIn(Asked):
    """A proof for one gate of a measure; for one product where it names one."""

    gate: Short
    measure: Short
    product: Short | None = None
    reference: Short = Field(description="Where the proof is: a document's id and revision.")
    digest: str = Field(pattern=SHA256, description="SHA-256 of the proof, lower-case hex.")
    release_digest: str | None = Field(
        default=None, pattern=SHA256, description="The release it speaks of, for release_signed."
    )
    valid_until: Moment | None = Field(
        default=None, description="As long as policy allows, where left out."
    )


class EvidenceOut(Told):
    """An evidence record."""

    evidence: str
    case: str
    gate: str
    hash: str = Field(description="SHA-256 of the record: what answers to waves cite.")
    valid_until: Instant


@router.post("/v1/cases/{case}/evidence", status_code=201)
async def record(case: str, body: EvidenceIn, unit: CurrentUnit) -> EvidenceOut:
    """Record evidence for a gate; it lapses by itself."""
    actor = unit.require("quality")
    await waves.hold(unit, [body.measure])
    desk = await take(unit, case)
    measure = await decided.measure_of(unit.db, desk.case, body.measure)
    policy = rulebook.gate_policy()
    gate = policy.gate(body.gate)
    with refusals():
        if gate is None:
            known = ", ".join(each.id for each in policy.gates)
            raise RefusalError(
                f"there is no gate {body.gate!r}", pointer="/gate", mend=f"name one of {known}"
            )
        if measure is None:
            raise RefusalError(
                f"the case has no measure {body.measure}",
                pointer="/measure",
                mend="take its id from GET /v1/cases/{case}",
            )
        if gate.id == RELEASE_SIGNED and body.release_digest is None:
            raise RefusalError(
                "evidence of a signature is bound to the release it signs",
                pointer="/release_digest",
                mend="give the SHA-256 of the release's image",
            )
        if body.product is not None:
            check_products([body.product], measure.products, "/product")
        until = validity(gate, body.valid_until, unit.now)
    found = Evidence(
        evidence=str(uuid7()),
        case=desk.case,
        measure=body.measure,
        product=body.product,
        gate=gate.id,
        reference=body.reference,
        digest=body.digest,
        release_digest=body.release_digest,
        valid_until=until,
        recorded_by=actor.id,
        recorded_at=unit.now,
    )
    await gates.record(unit.db, found)
    unit.arm(f"evidence/{found.evidence}", waves.EXPIRY, until)
    await waves.reevaluate(unit, [body.measure])
    out = EvidenceOut(
        evidence=found.evidence,
        case=desk.case,
        gate=gate.id,
        hash=found.hash,
        valid_until=until,
    )
    unit.audit("evidence.record", desk.case, after=out.model_dump(mode="json"))
    return out


class RevocationIn(Asked):
    """Why something does not count any more."""

    ground: Ground


class Revoked(Told):
    """What does not count any more."""

    id: str


@router.post("/v1/cases/{case}/evidence/{evidence}/revoke")
async def revoke(case: str, evidence: str, body: RevocationIn, unit: CurrentUnit) -> Revoked:
    """Revoke evidence: waves that it let pass are told at once, and halt."""
    actor = unit.require("quality")
    measures = await gates.measures_of(unit.db, [evidence])
    await waves.hold(unit, measures)
    desk = await take(unit, case, closed=True)
    done = await gates.revoke(unit.db, evidence, desk.case, actor.id, unit.now, body.ground)
    if done is None:
        raise Problem(
            404, "No such evidence", f"the case has no evidence {evidence} in force",
            parameter="evidence", mend="take its id from GET /v1/cases/{case}",
        )  # fmt: skip
    unit.disarm(f"evidence/{evidence}")
    await waves.reevaluate(unit, measures)
    unit.audit("evidence.revoke", desk.case, before=evidence, reason=body.ground)
    return Revoked(id=evidence)


class SignerIn(Asked):
    """A key that signs releases."""

    signer: Short = Field(description="Key id, as releases name it in `signed_by`.")
    public_key: Short = Field(description="Raw Ed25519 key, base64.")
    valid_until: Moment | None = Field(default=None, description="A year from now if left out.")
    ground: Ground


class SignerOut(Told):
    """A registered key."""

    signer: str
    public_key: str
    valid_until: Instant
    revoked_at: Instant | None = None


@router.post("/v1/signers", status_code=201)
async def register(body: SignerIn, unit: CurrentUnit) -> SignerOut:
    """Register a key, so that signatures of releases can be verified and not only recorded."""
    actor = unit.require("quality")
    try:
        public_key(body.public_key)
    except ValueError as error:
        raise Problem(
            422, "Request is not valid", str(error), "/public_key",
            "give the raw 32 byte Ed25519 key in base64",
        ) from error  # fmt: skip
    until = body.valid_until or unit.now + timedelta(days=_KEY_DAYS)
    signer = Signer(body.signer, _canonical(body.public_key), until, None)
    if not await gates.register_signer(unit.db, signer, actor.id, unit.now):
        raise Problem(
            409, "Signer is known", f"a key {body.signer} was registered before", "/signer",
            "give the new key an id of its own",
        )  # fmt: skip
    unit.arm(f"signer/{body.signer}", waves.EXPIRY, until)
    out = SignerOut(signer=signer.signer, public_key=signer.public_key, valid_until=until)
    unit.audit(
        "signer.register", body.signer, after=out.model_dump(mode="json"), reason=body.ground
    )
    return out


@router.get("/v1/signers")
async def list_signers(
    unit: CurrentUnit, cursor: Cursor = None, limit: Limit = 50
) -> Page[SignerOut]:
    """List the keys that sign releases, by id; revoked and lapsed ones too."""

    async def query(after: Key | None, most: int) -> list[SignerOut]:
        found = await gates.signers_after(unit.db, str(after[0]) if after else "", most)
        return [SignerOut.model_validate(each, from_attributes=True) for each in found]

    return await page(query, cursor, limit, lambda each: (each.signer,))


@router.post("/v1/signers/{signer}/revoke")
async def revoke_signer(signer: str, body: RevocationIn, unit: CurrentUnit) -> Revoked:
    """Revoke a key: waves of releases that it signed are told at once, and halt."""
    actor = unit.require("quality")
    measures = await gates.measures_signed_by(unit.db, [signer])
    await waves.hold(unit, measures)
    if not await gates.revoke_signer(unit.db, signer, actor.id, unit.now, body.ground):
        raise Problem(
            404, "No such signer", f"no key {signer} is in force",
            parameter="signer", mend="look it up with GET /v1/signers",
        )  # fmt: skip
    unit.disarm(f"signer/{signer}")
    await waves.reevaluate(unit, measures)
    unit.audit("signer.revoke", signer, reason=body.ground)
    return Revoked(id=signer)


def _canonical(key: str) -> str:
    return base64.b64encode(base64.b64decode(key, validate=True)).decode()

"""Routes for releases: signed images that campaigns roll out."""

from fastapi import Request

from schemas.campaigns import (
    ReleasePublished,
)
from services.deployment_tracker.store import campaigns as campaign_store
from services.deployment_tracker.views import (
    ReleaseIn,
)
from services.kit.actors import PRINCIPAL_HEADER, SIGNATURE_HEADER
from services.kit.http import CurrentUnit, Problem, router

routes = router("deployment-tracker")


@routes.post("/v1/releases", status_code=201)
async def publish_release(body: ReleaseIn, request: Request, unit: CurrentUnit) -> ReleasePublished:
    """Publish a release whose signature holds."""
    unit.require("quality", "operations")
    proof = {PRINCIPAL_HEADER: body.signed_by, SIGNATURE_HEADER: body.signature}
    principals = request.app.state.context.principals
    if principals.principal_of(proof, body.digest.encode()) is None:
        raise Problem(
            422,
            "Signature does not hold",
            f"the signature is not {body.signed_by}'s over this digest",
            pointer="/signature",
            mend="sign the digest's hex text with the Ed25519 key of a principal with a public_key",
        )
    event = ReleasePublished(**body.model_dump(), published_at=unit.now)
    if not await campaign_store.save_release(unit.db, event):
        raise Problem(
            409, "Release exists", f"release {body.release} was published already",
            pointer="/release", mend="publish a new release under a new id",
        )  # fmt: skip
    unit.emit(event)
    unit.audit("release.publish", body.release, after=body.model_dump(mode="json"))
    return event

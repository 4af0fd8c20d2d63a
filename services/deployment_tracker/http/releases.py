"""Routes for releases: signed images that campaigns roll out."""

from fastapi import Request

from schemas.campaigns import ReleasePublished
from services.deployment_tracker.store import releases as store
from services.deployment_tracker.views import ReleaseIn
from services.kit.actors import PRINCIPAL_HEADER, SIGNATURE_HEADER
from services.kit.http import CurrentUnit, Cursor, Limit, Page, Problem, page, router
from services.kit.pages import Key

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
    if not await store.save(unit.db, event):
        raise Problem(
            409, "Release exists", f"release {body.release} was published already",
            pointer="/release", mend="publish a new release under a new id",
        )  # fmt: skip
    unit.emit(event)
    unit.audit("release.publish", body.release, after=body.model_dump(mode="json"))
    return event


@routes.get("/v1/releases")
async def list_releases(
    unit: CurrentUnit, product: str | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[ReleasePublished]:
    """List releases by id, of a product."""

    async def query(after: Key | None, most: int) -> list[ReleasePublished]:
        return await store.after(unit.db, str(after[0]) if after else "", product, most)

    return await page(query, cursor, limit, lambda each: (each.release,))


@routes.get("/v1/releases/{name:path}")
async def show_release(name: str, unit: CurrentUnit) -> ReleasePublished:
    """Show one release."""
    found = await store.one(unit.db, name)
    if found is None:
        raise Problem(
            404, "No such release", f"there is no release {name}",
            parameter="name", mend="list them with GET /v1/releases",
        )  # fmt: skip
    return found

"""What an error looks like to a caller: RFC 9457 problem details with pointer and mend.

RFC 9457 gives `type`, `title`, `status`, `detail` and `instance`. Added are `pointer` (RFC 6901:
the bad field in the body), `parameter` (the bad path, query or header parameter), `mend` (what to
do about it) and `errors` (the same for each of several faults). No payload is ever repeated back,
and an unexpected fault shows its trace id only.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

MEDIA_TYPE = "application/problem+json"

_INSTANT = "give an instant with its zone, such as 2026-11-20T15:42:10Z"
_MENDS = {
    "missing": "add it",
    "extra_forbidden": "remove it, or check its spelling",
    "json_invalid": "send well-formed JSON in UTF-8",
    "uuid_parsing": "take the id from the list of these",
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "timezone_aware": _INSTANT,
}


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    model_config = ConfigDict(frozen=True)

    detail: Annotated[str, Field(description="What is wrong.")]
    pointer: Annotated[str | None, Field(description="RFC 6901 pointer into the body.")] = None
    parameter: Annotated[str | None, Field(description="Path, query or header parameter.")] = None
    mend: Annotated[str | None, Field(description="What to do about it.")] = None


class ProblemDetails(Fault):
    """An RFC 9457 problem."""

    type: Annotated[str, Field(description="Names the kind of problem; stable.")]
    title: str
    status: int
    instance: Annotated[str | None, Field(description="The path that was asked.")] = None
    trace: Annotated[str | None, Field(description="Trace id: quote it to the operators.")] = None
    errors: tuple[Fault, ...] | None = None


class Problem(Exception):  # noqa: N818 - the word of RFC 9457, and what handlers raise
    """Refuses a request: the unit is rolled back and the caller gets these problem details."""

    def __init__(  # noqa: PLR0913 - the members of a problem
        self,
        status: int,
        title: str,
        detail: str,
        pointer: str | None = None,
        mend: str | None = None,
        *,
        parameter: str | None = None,
        headers: Mapping[str, str] | None = None,
        errors: tuple[Fault, ...] | None = None,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status, self.title, self.detail = status, title, detail
        self.pointer, self.mend, self.parameter = pointer, mend, parameter
        self.headers, self.errors = dict(headers or {}), errors

    def details(self, request: Request) -> ProblemDetails:
        """The problem's members as an answer to this request."""
        trace = getattr(request.state, "trace", None)
        slug = re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")
        return ProblemDetails(
            type=f"urn:patchvigil:problem:{slug}",
            title=self.title,
            status=self.status,
            detail=self.detail,
            pointer=self.pointer,
            parameter=self.parameter,
            mend=self.mend,
            instance=request.url.path,
            trace=trace,
            errors=self.errors,
        )


def response(request: Request, problem: Problem) -> Response:
    """The problem as an HTTP response."""
    content = problem.details(request).model_dump_json(exclude_none=True)
    return Response(content, problem.status, problem.headers, MEDIA_TYPE)


def of_validation(error: RequestValidationError) -> Problem:
    """The 422 problem that says of each bad field where it is, what is wrong and what to do."""
    faults = tuple(_fault(raw, error.body) for raw in error.errors())
    first = faults[0]
    return Problem(
        422,
        "Request is not valid",
        first.detail,
        first.pointer,
        first.mend,
        parameter=first.parameter,
        errors=faults,
    )


def _fault(raw: Mapping[str, Any], body: Any) -> Fault:
    where, *rest = raw["loc"]
    kind = raw["type"]
    detail = str(raw["msg"])
    if kind == "json_invalid":
        detail = f"not JSON at character {rest[0]}: {raw['ctx']['error']}"
        return Fault(detail=detail, pointer="", mend=_MENDS[kind])
    mend = _MENDS.get(kind, "give a value that its schema in /openapi.json allows")
    if where == "body":
        return Fault(detail=detail, pointer=pointer(rest, body), mend=mend)
    return Fault(detail=detail, parameter=str(rest[0]) if rest else str(where), mend=mend)


def pointer(location: Sequence[str | int], body: Any) -> str:
    """An RFC 6901 pointer from pydantic's location, less what is not in the body (union tags)."""
    parts: list[str] = []
    for step, part in enumerate(location):
        if isinstance(body, Mapping) and part in body:
            body = cast("Any", body[part])
        elif isinstance(body, list) and isinstance(part, int) and part < len(body):
            body = body[part]
        elif step < len(location) - 1:
            continue
        parts.append(str(part).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in parts)

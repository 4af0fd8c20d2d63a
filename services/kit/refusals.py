"""Turns every error that leaves a route into a problem: whose fault it was, and what to do."""

import logging
from http import HTTPStatus
from typing import cast

import asyncpg
from asyncpg.exceptions._base import DataError as InvalidArgumentError
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from services.kit.database import TRANSIENT
from services.kit.problems import Problem, of_validation, response
from services.kit.records import Faulty
from services.kit.unit import ForbiddenError

_log = logging.getLogger(__name__)

_HTTP_MENDS = {
    400: "send well-formed JSON in UTF-8, not nested more deeply than its schema",
    404: "look it up in /openapi.json",
    405: "look it up in /openapi.json",
}


async def _on_problem(request: Request, error: Exception) -> Response:
    return response(request, cast("Problem", error))


async def _on_validation(request: Request, error: Exception) -> Response:
    return response(request, of_validation(cast("RequestValidationError", error)))


async def _on_faulty(request: Request, error: Exception) -> Response:
    faulty = cast("Faulty", error)
    found = Problem(422, "Request is not valid", faulty.reason, faulty.field, faulty.mend)
    return response(request, found)


async def _on_forbidden(request: Request, error: Exception) -> Response:
    mend = "ask somebody who has the role, or have it added to the principals file"
    found = Problem(403, "Forbidden", str(error), mend=mend, parameter="Authorization")
    return response(request, found)


async def _on_http(request: Request, error: Exception) -> Response:
    raised = cast("HTTPException", error)
    title = HTTPStatus(raised.status_code).phrase
    mend = _HTTP_MENDS.get(raised.status_code)
    found = Problem(raised.status_code, title, raised.detail, mend=mend, headers=raised.headers)
    return response(request, found)


async def _on_transient(request: Request, error: Exception) -> Response:
    _log.warning("request refused, a store is away: %s", type(error).__name__)
    found = Problem(
        503,
        "Temporarily unavailable",
        "a store does not answer or is contended",
        mend="try again with the same Idempotency-Key",
        headers={"Retry-After": "2"},
    )
    return response(request, found)


async def _on_unstorable(request: Request, error: Exception) -> Response:
    _log.warning("request refused, a value cannot be stored: %s", type(error).__name__)
    found = Problem(
        422,
        "Request is not valid",
        "a value cannot be stored: a NUL character, or out of range",
        mend="remove NUL characters, and keep numbers and times within sensible limits",
    )
    return response(request, found)


async def _on_unknown(request: Request, error: Exception) -> Response:
    _log.error("request failed", exc_info=error)
    found = Problem(
        500,
        "Internal error",
        "the service met a fault of its own; nothing was changed",
        mend="report the trace id to the operators",
    )
    return response(request, found)


def install(app: FastAPI) -> None:
    """Make every error of the application a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(Faulty, _on_faulty)
    app.add_exception_handler(ForbiddenError, _on_forbidden)
    app.add_exception_handler(HTTPException, _on_http)
    for transient in TRANSIENT:
        app.add_exception_handler(transient, _on_transient)
    app.add_exception_handler(asyncpg.DataError, _on_unstorable)
    app.add_exception_handler(InvalidArgumentError, _on_unstorable)
    app.add_exception_handler(Exception, _on_unknown)

"""A service's own reference, without anything from another host: `/docs`, `/asyncapi`, OpenAPI."""

import html
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import yaml
from fastapi import APIRouter, FastAPI, Request, Response

from services.kit.idempotency import HEADER
from services.kit.problems import MEDIA_TYPE, Problem

ASYNCAPI = Path(__file__).parents[2] / "schemas" / "asyncapi.yaml"

_IDEMPOTENCY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Repeating a request with its key gives the same answer and no second effect.",
    "schema": {"type": "string", "maxLength": 255},
}
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code{background:#eee;padding:.1rem .3rem}section{border-top:1px solid #ccc;padding:.5rem 0}
b{display:inline-block;min-width:4rem}@media(prefers-color-scheme:dark){
body{background:#111;color:#ddd}code{background:#333}a{color:#8cf}}"""

router = APIRouter(include_in_schema=False)


def describe(app: FastAPI) -> None:
    """Complete what FastAPI writes: problems have their media type, POSTs their key."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            for operations in plain()["paths"].values():
                for method, operation in operations.items():
                    _complete(method, operation)
        return plain()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _complete(method: str, operation: dict[str, Any]) -> None:
    if method == "post":
        operation.setdefault("parameters", []).append(_IDEMPOTENCY)
    problem = operation["responses"].get("default", {}).get("content", {})
    if "application/json" in problem:
        problem[MEDIA_TYPE] = problem.pop("application/json")


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Answer the list of calls as one plain page."""
    schema = request.app.openapi()
    title = html.escape(schema["info"]["title"])
    body = "".join(_sections(schema["paths"]))
    return Response(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
        f"<style>{_STYLE}</style><h1>{title}</h1><p><a href=/openapi.json>OpenAPI</a> · "
        f"<a href=/asyncapi>AsyncAPI</a></p>{body}</html>",
        media_type="text/html",
    )


def _sections(paths: Mapping[str, Any]) -> Iterator[str]:
    for path, operations in sorted(paths.items()):
        for method, operation in operations.items():
            text = html.escape(operation.get("description") or operation.get("summary", ""))
            names = [each["name"] for each in operation.get("parameters", [])]
            given = " ".join(f"<code>{html.escape(name)}</code>" for name in names)
            yield f"<section><b>{method.upper()}</b> <code>{html.escape(path)}</code>"
            yield f"<p>{text}</p><p>{given}</p></section>"


@router.get("/asyncapi")
def asyncapi(request: Request) -> Response:
    """Answer the service's part of the fleet's AsyncAPI document."""
    if not ASYNCAPI.exists():
        raise Problem(
            404,
            "Not Found",
            "this installation has no AsyncAPI document",
            mend="run `make schemas`",
        )
    whole = yaml.load(ASYNCAPI.read_bytes(), yaml.CSafeLoader)
    return Response(
        orjson.dumps(part_of(whole, request.app.state.context.name)), media_type="application/json"
    )


def part_of(whole: Mapping[str, Any], service: str) -> dict[str, Any]:
    """Keep the operations of one service, and the channels and messages these speak of."""
    operations = {
        name: each
        for name, each in whole["operations"].items()
        if any(tag["name"] == service for tag in each.get("tags", []))
    }
    used = {each["channel"]["$ref"].rpartition("/")[2] for each in operations.values()}
    channels = {name: each for name, each in whole["channels"].items() if name in used}
    spoken = {
        message["$ref"].rpartition("/")[2]
        for channel in channels.values()
        for message in channel["messages"].values()
    }
    messages = whole["components"]["messages"]
    kept = {name: _whole(each) for name, each in messages.items() if name in spoken}
    return {
        **whole,
        "info": {**whole["info"], "title": f"{whole['info']['title']}: {service}"},
        "channels": channels,
        "operations": operations,
        "components": {**whole["components"], "messages": kept},
    }


def _whole(message: Mapping[str, Any]) -> dict[str, Any]:
    """Put a message's JSON Schema in the place of the reference to its file."""
    reference = message.get("payload", {}).get("$ref", "#")
    if reference.startswith("#"):
        return dict(message)
    return {**message, "payload": orjson.loads((ASYNCAPI.parent / reference).read_bytes())}

"""Says that there is no such thing, and where to look."""

from services.kit.http import Problem


def absent(what: str, name: str, listed: str | None = None) -> Problem:
    """Word the refusal for something that was asked for by an id that nothing has."""
    mend = f"list them with GET /v1/{listed}" if listed else "list them to see which are"
    return Problem(404, "Not Found", f"there is no {what} {name}", mend=mend)

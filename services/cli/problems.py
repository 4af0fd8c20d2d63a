"""Reads a service's RFC 9457 problem as a refusal, in the words of the command line."""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from services.cli.refusal import Exit, Fault, RefusedError

_UNAUTHORISED = frozenset({401, 403})
_SERVER = 500

_COMMANDS = (
    (r'POST /v1/drafts/(\S+?)/fill with field "(\S+?)"', r"patchvigil draft fill \1 \2=VALUE"),
    (r"POST /v1/cases/(\S+?)/reopen", r"patchvigil case reopen \1"),
    (r"GET /v1/cases/\{case\}", "patchvigil case show CASE"),
    (r"GET /v1/cases/(PV-\S+)", r"patchvigil case show \1"),
    (r"GET /v1/review", "patchvigil case review"),
    (r"GET /v1/entities", "patchvigil entity ls"),
    (r"GET /v1/packs/\{name\}", "patchvigil pack show PACK"),
    (
        (
            r"(?:GET |at )/v1/(case|clock|draft|alert|campaign|finding|release|signer|pack|product"
            r"|site|device|submission)s"
        ),
        r"patchvigil \1 ls",
    ),
    (r"GET /v1/quarantine", "patchvigil quarantine ls"),
)
"""What a mend says of HTTP, and the command that does the same."""


def refused(answer: httpx.Response, who: str) -> RefusedError:
    """Turn an answer that is no success into a refusal that names field, reason and mend."""
    status = _status(answer.status_code)
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, Mapping):
        return RefusedError(
            status, f"HTTP {answer.status_code} of {answer.request.url}", answer.text[:500].strip(),
            "check the service's address, and its log",
        )  # fmt: skip
    faults = [_fault(each) for each in problem.get("errors") or [problem]]
    if problem.get("detail") == problem.get("title"):
        faults = [Fault("", f"{answer.request.url} gave no more", "check the service's address")]
    if problem.get("trace") and status is Exit.FAULT:
        faults.append(Fault("", f"trace {problem['trace']}", "find it in the service's log"))
    if status is Exit.FORBIDDEN:
        faults.append(
            Fault("", f"you act as {who}", "act as another with --as or PATCHVIGIL_TOKEN")
        )
    title = str(problem.get("title") or f"HTTP {answer.status_code}")
    return RefusedError(status, title, faults=faults, instance=str(problem.get("instance") or ""))


def _status(code: int) -> Exit:
    if code in _UNAUTHORISED:
        return Exit.FORBIDDEN
    return Exit.FAULT if code >= _SERVER else Exit.REFUSED


def _fault(told: Mapping[str, Any]) -> Fault:
    where = told.get("pointer") or told.get("parameter") or ""
    return Fault(
        str(where), str(told.get("detail") or ""), in_commands(str(told.get("mend") or ""))
    )


def in_commands(mend: str) -> str:
    """Say a mend with commands where it speaks of HTTP calls."""
    for call, command in _COMMANDS:
        mend = re.sub(call, f"`{command}`", mend)
    return mend

"""The grammar of versions and ranges written for people: its patterns, and the phrases it knows."""

import re
from collections.abc import Callable

from schemas.advisories import Range

_PACK = (
    r"(?i:service\s+pack|sp|hotfix|hf|updates?|upd|patch|pl|build|revision|rev|cu|mr|fp|rc|beta"
    r"|[pru])"
)
"""What people write behind a version, set off by a blank: `V4.8 HF4`, `2018 R2 SP1`."""

_VERSION = (
    r"(?i:ver(?:sion)?\.?\s*)?[vVrR]?\d[0-9A-Za-z._+~:()\-]*(?:\.\*)*"
    rf"(?:[\s_]+\(?{_PACK}[\s.#]?\d[0-9A-Za-z.]*\)?)*"
)
ONE = re.compile(rf"^{_VERSION}$", re.ASCII)
CONSTRAINT = re.compile(rf"^(<=|>=|=<|=>|==|<|>|=|≤|≥)\s*({_VERSION})$", re.ASCII)
OPERATOR = re.compile(r"[<>=≤≥]")
NOISE = re.compile(
    r"^(?:all\s+)?(?:(?:firmware|software|bios)\s+)?(?:versions?|releases?|ver\.?|v\.)\s*:?\s*(?=\S)",
    re.IGNORECASE,
)
WILD = re.compile(r"^[vV]?(\d+(?:\.\d+)*)(?:\.[xX*])+$", re.ASCII)
SPAN = re.compile(r"^(\d+(?:\.\d+)+)-(\d+(?:\.\d+)+)$", re.ASCII)
CANONICAL = {"=<": "<=", "=>": ">=", "==": "=", "≤": "<=", "≥": ">="}
_BRANCH = r"(?:versions?\s+)?(\d+(?:\.\d+)*(?:\.[xX*])*)"
BRACKETED = re.compile(r"^([<>=]+)\s*\(([^()]+)\)$")


def _phrases() -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Range]], ...]:
    v = rf"(?:versions?\s+)?({_VERSION})"
    older = r"(?:and|or)\s+(?:all\s+)?(?:prior|earlier|below|previous|older|lower)(?:\s+versions?)?"
    newer = r"(?:and|or)\s+(?:all\s+)?(?:later|above|newer|higher|up|after)(?:\s+versions?)?"
    before = r"(?:before|prior\s+to|earlier\s+than|older\s+than|below|less\s+than)"
    including = r"up\s+to\s+(?:and\s+including|\(?including\)?)"
    before = rf"(?:{before}|up\s+to\s+\(?excluding\)?)"
    upto = rf"(?:through|{including}|up\s+to|until|to|thru|-|–)"  # noqa: RUF001
    table: tuple[tuple[str, Callable[[re.Match[str]], Range]], ...] = (
        (rf"{v},?\s+{older}", lambda m: Range(last_affected=m[1])),
        # A branch and how far it goes: `8.10.0.0: 8.10.0.12 and below`.
        (
            rf"{_BRANCH}:\s+{v},?\s+(?:\(all\s+builds\)\s+)?{older}",
            lambda m: Range(introduced=m[1], last_affected=m[2]),
        ),
        (rf"{v},?\s+{newer}", lambda m: Range(introduced=m[1])),
        (
            rf"(?:from(?:\s+\(?including\)?)?|since|starting\s+(?:with|from))\s+{v}",
            lambda m: Range(introduced=m[1]),
        ),
        (rf"{before}\s+{v}", lambda m: Range(fixed=m[1])),
        (
            rf"(?:through|{including}|up\s+to|until)\s+{v}",
            lambda m: Range(last_affected=m[1]),
        ),
        (
            rf"(?:from\s+(?:\(?including\)?\s+)?)?{v},?\s+{before}\s+{v}",
            lambda m: Range(introduced=m[1], fixed=m[2]),
        ),
        (
            rf"(?:from\s+(?:\(?including\)?\s+)?|between\s+)?{v}\s+(?:{upto}|and)\s+{v}",
            lambda m: Range(introduced=m[1], last_affected=m[2]),
        ),
        (
            rf"fixed\s+in\s+(?:\w+\s+)?{v}\s+\(affected\s+{v}\s*-\s*{v}\)",
            lambda m: Range(introduced=m[2], fixed=m[1]),
        ),
        (
            rf"fixed\s+in\s+(?:\w+\s+)?({_VERSION})\s+\(affected\s+(\d[\w.]*)-[\w.]+\)",
            lambda m: Range(introduced=m[2], fixed=m[1]),
        ),
    )
    return tuple((re.compile(f"^{text}$", re.IGNORECASE | re.ASCII), make) for text, make in table)


PHRASES = _phrases()

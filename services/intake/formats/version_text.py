"""Reads version ranges written for people: operators, `vers:`, and a small grammar of prose.

What the grammar does not know becomes an unparsed range with its reason, which is matched as
unknown and shown to a person; it is never guessed and never dropped.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from schemas.advisories import Range

_VERSION = r"[vVrR]?\d[0-9A-Za-z._+~:()\-]*"
_ONE = re.compile(rf"^{_VERSION}$", re.ASCII)
_EVERY = frozenset(
    {"*", "all", "any", "all versions", "all version", "any version", "every version", "vers:all/*"}
)
_NOTHING = frozenset(
    {
        "",
        "-",
        "--",
        "n/a",
        "na",
        "none",
        "null",
        "unspecified",
        "unknown",
        "various",
        "tbd",
        "?",
        "not applicable",
        "not available",
        "multiple",
        "0",
    }
)
_CONSTRAINT = re.compile(rf"^(<=|>=|=<|=>|==|<|>|=|≤|≥)\s*({_VERSION})$", re.ASCII)
_OPERATOR = re.compile(r"[<>=≤≥]")
_NOISE = re.compile(
    r"^(?:all\s+)?(?:(?:firmware|software|bios)\s+)?(?:versions?|releases?|ver\.?|v\.)\s*:?\s*(?=\S)",
    re.IGNORECASE,
)
_WILD = re.compile(r"^[vV]?(\d+(?:\.\d+)*)\.[xX*]$", re.ASCII)
_SPAN = re.compile(r"^(\d+(?:\.\d+)+)-(\d+(?:\.\d+)+)$", re.ASCII)
_CANONICAL = {"=<": "<=", "=>": ">=", "==": "=", "≤": "<=", "≥": ">="}
MAX_TEXT = 500


def _phrases() -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Range]], ...]:
    v = rf"(?:versions?\s+)?({_VERSION})"
    older = r"(?:and|or)\s+(?:all\s+)?(?:prior|earlier|below|previous|older|lower)(?:\s+versions?)?"
    newer = r"(?:and|or)\s+(?:all\s+)?(?:later|above|newer|higher|up|after)(?:\s+versions?)?"
    before = r"(?:before|prior\s+to|earlier\s+than|older\s+than|below|less\s+than)"
    upto = r"(?:through|up\s+to\s+and\s+including|up\s+to|until|to|thru|-|–)"  # noqa: RUF001
    table: tuple[tuple[str, Callable[[re.Match[str]], Range]], ...] = (
        (rf"{v},?\s+{older}", lambda m: Range(last_affected=m[1])),
        (rf"{v},?\s+{newer}", lambda m: Range(introduced=m[1])),
        (rf"(?:from|since|starting\s+(?:with|from))\s+{v}", lambda m: Range(introduced=m[1])),
        (rf"{before}\s+{v}", lambda m: Range(fixed=m[1])),
        (
            rf"(?:through|up\s+to\s+and\s+including|up\s+to|until)\s+{v}",
            lambda m: Range(last_affected=m[1]),
        ),
        (rf"(?:from\s+)?{v},?\s+{before}\s+{v}", lambda m: Range(introduced=m[1], fixed=m[2])),
        (
            rf"(?:from\s+|between\s+)?{v}\s+(?:{upto}|and)\s+{v}",
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


_PHRASES = _phrases()


def unparsed(text: str, reason: str) -> Range:
    """A range that holds the source's text and why it could not be read."""
    return Range(unparsed=text[:MAX_TEXT], reason=reason)


def is_version(text: str) -> bool:
    """Whether a text is one version: it begins with a digit and has no blanks."""
    return len(text) <= MAX_TEXT and bool(_ONE.match(text))


def unescaped(text: str) -> str:
    """The text without the backslashes that CPE-minded sources put before brackets."""
    return text.replace("\\", "") if "\\" in text else text


def names_every_version(text: str) -> bool:
    """Whether the text says that every version is meant."""
    return text.strip().lower() in _EVERY


def names_no_version(text: str) -> bool:
    """Whether the text is one of the fillers that name no version at all."""
    return text.strip().lower() in _NOTHING


def _says_more(version: str) -> bool:
    """Whether what looks like one version is a span, a series, a lower bound, or says nothing."""
    return (
        version == "0"
        or version.endswith("+")
        or _SPAN.match(version) is not None
        or _WILD.match(version) is not None
    )


@lru_cache(maxsize=8192)
def ranges(text: str) -> tuple[Range, ...]:
    """Read a text that names versions; what is not understood comes back as one unparsed range."""
    if len(text) > MAX_TEXT:
        return (unparsed(text, "too long to be a version"),)
    plain = " ".join(unescaped(text).split())
    if is_version(plain) and not _says_more(plain):
        return (Range(exact=(plain,)),)
    if names_every_version(plain):
        return (Range(),)
    if names_no_version(plain):
        return (unparsed(text, "the source names no version"),)
    found = _read(plain)
    if found is not None and any("x" in str(each).lower() for each in found):
        found = tuple(_series(each) for each in found)
    return found if found is not None else (unparsed(text, "not a version or range we can read"),)


def _series(each: Range) -> Range:
    """Turn bounds that name a series into versions: up to `1.20.x` ends before 1.21."""
    changed: dict[str, str | None] = {}
    if matched := _WILD.match(each.introduced or ""):
        changed["introduced"] = matched[1]
    if matched := _WILD.match(each.fixed or ""):
        changed["fixed"] = matched[1]
    if matched := _WILD.match(each.last_affected or ""):
        changed |= {"fixed": after(matched[1]), "last_affected": None}
    return each.model_copy(update=changed) if changed else each


def _read(plain: str) -> tuple[Range, ...] | None:
    if plain.lower().startswith("vers:"):
        return _vers(plain)
    bare = _NOISE.sub("", plain)
    if _OPERATOR.search(bare):
        if "|" in bare:
            return _vers(f"/{bare}")
        return _constraints(re.split(r"\s*(?:,|&&?|\band\b)\s*|\s+(?=[<>=≤≥])", bare))
    return _phrase(bare) or _list(bare)


def _vers(plain: str) -> tuple[Range, ...] | None:
    """Read a version range specifier: `vers:scheme/constraint|constraint`."""
    _, _, body = plain.partition("/")
    if body.strip() == "*":
        return (Range(),)
    parts = [part.strip() for part in body.split("|")]
    return _constraints([part if _OPERATOR.match(part) else f"={part}" for part in parts])


def _constraints(parts: list[str]) -> tuple[Range, ...] | None:
    """Join constraints in their order: a lower bound opens a range, an upper one closes it."""
    found: list[Range] = []
    lower: Range | None = None
    for part in (each for each in parts if each):
        matched = _CONSTRAINT.match(part)
        if matched is None:
            return None
        operator, version = _CANONICAL.get(matched[1], matched[1]), matched[2]
        if operator == "=":
            found.append(Range(exact=(version,)))
        elif operator.startswith(">"):
            if lower is not None:
                return None
            lower = Range(introduced=version, introduced_exclusive=operator == ">")
        else:
            bound = {"fixed" if operator == "<" else "last_affected": version}
            found.append((lower or Range()).model_copy(update=bound))
            lower = None
    if lower is not None:
        found.append(lower)
    return tuple(found) or None


def _phrase(bare: str) -> tuple[Range, ...] | None:
    if matched := _SPAN.match(bare):
        if matched[1].count(".") == matched[2].count("."):
            return (Range(introduced=matched[1], last_affected=matched[2]),)
        return None
    if matched := _WILD.match(bare):
        return (Range(introduced=matched[1], fixed=after(matched[1])),)
    if is_version(bare):
        rest = bare.removesuffix("+")
        return (Range(exact=(bare,)) if rest == bare else Range(introduced=rest),)
    for pattern, make in _PHRASES:
        if matched := pattern.match(bare):
            return (make(matched),)
    return None


def after(release: str) -> str:
    """The release that follows a whole series: `5.15` for `5.14`."""
    head, _, last = release.rpartition(".")
    return f"{head}.{int(last) + 1}" if head else str(int(last) + 1)


def _list(bare: str) -> tuple[Range, ...] | None:
    """Read `A, B and C`, where each is a version or a range; all of them or none."""
    parts = [
        part for part in re.split(r"\s*[,;]\s*(?:and\s+)?|\s+and\s+|\s+/\s+|\s*\|\s*", bare) if part
    ]
    if len(parts) < 2:  # noqa: PLR2004  (one part is no list)
        return None
    found: list[Range] = []
    singles: list[str] = []
    for part in parts:
        read = _phrase(_NOISE.sub("", part))
        if read is None:
            return None
        for each in read:
            singles.extend(each.exact)
            if not each.exact:
                found.append(each)
    if singles:
        found.insert(0, Range(exact=tuple(singles)))
    return tuple(found)

"""Reads version ranges written for people: operators, `vers:`, and a small grammar of prose.

What the grammar does not know becomes an unparsed range with its reason, which is matched as
unknown and shown to a person; it is never guessed and never dropped.
"""

import re

from schemas.advisories import Range
from schemas.identifiers.remembered import remembered
from services.intake.formats.version_grammar import (
    BRACKETED,
    CANONICAL,
    CONSTRAINT,
    NOISE,
    ONE,
    OPERATOR,
    PHRASES,
    SPAN,
    WILD,
)

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
_COMMIT = re.compile(r"(?=.*[a-f])[0-9a-f]{7,40}", re.ASCII)
_DATE = re.compile(
    r"\d{1,2}/\d{1,2}/\d{4}|\d{4}/\d\d|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
    r"[\s_-]+(?:\d{1,2}[\s_-]+)?\d{4}\b", re.IGNORECASE,
)  # fmt: skip
_CONDITION = re.compile(r"\b(?:only|if|with|without|when|shipped|installed)\b", re.IGNORECASE)
_MODEL = re.compile(r"[A-Za-z]")
_WORD = re.compile(r"[^\W_]+")
MAX_TEXT = 500


def unparsed(text: str, reason: str) -> Range:
    """A range that holds the source's text and why it could not be read."""
    return Range(unparsed=text[:MAX_TEXT], reason=reason)


def is_version(text: str) -> bool:
    """Whether a text is one version: it begins with a digit; only a pack stands behind a blank."""
    return len(text) <= MAX_TEXT and bool(ONE.match(text))


def is_commit(text: str) -> bool:
    """Whether a text can only be a commit: seven or more hexadecimal digits with a letter."""
    return bool(_COMMIT.fullmatch(text))


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
        or SPAN.match(version) is not None
        or WILD.match(version) is not None
    )


@remembered(8192)
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
    if found is not None:
        return tuple(_series(each) for each in found)
    return (unparsed(text, why_not(plain)),)


@remembered(8192)
def named_ranges(text: str, *names: str | None) -> tuple[Range, ...]:
    """Read a text that may begin with the product's own name: `FortiClientLinux 7.0.2 and below`.

    Only words of the names are passed over, and only where the rest can then be read.
    """
    found = ranges(text)
    if not found[0].unparsed or len(text) > MAX_TEXT:
        return found
    known = {word.lower() for name in names for word in _WORD.findall(name or "")}
    begin = 0
    for word in _WORD.finditer(text):
        number = word[0].isdigit() and (begin == 0 or text[word.end() : word.end() + 1] == ".")
        if number or word[0].lower() not in known:
            break
        begin = word.end()
    rest = text[begin:].lstrip(" _:-/)")
    read = ranges(rest) if begin and rest else found
    return found if read[0].unparsed else read


def why_not(plain: str) -> str:
    """Say what kind of text could not be read: the kind tells who can mend it."""
    if is_commit(plain):
        return "git commits have no order"
    if not any(map(str.isdigit, plain)):
        return "words without a version"
    if _DATE.search(plain):
        return "a date is no version"
    if _CONDITION.search(plain):
        return "a condition stands beside the version"
    if _MODEL.match(plain) and not OPERATOR.search(plain):
        return "the name of a model or product, not a version"
    return "not a version or range we can read"


def _series(each: Range) -> Range:
    """Turn bounds that name a series into versions: up to `1.20.x` ends before 1.21."""
    changed: dict[str, str | None] = {}
    if matched := WILD.match(each.introduced or ""):
        changed["introduced"] = matched[1]
    if matched := WILD.match(each.fixed or ""):
        changed["fixed"] = matched[1]
    if matched := WILD.match(each.last_affected or ""):
        changed |= {"fixed": after(matched[1]), "last_affected": None}
    return each.model_copy(update=changed) if changed else each


def _read(plain: str) -> tuple[Range, ...] | None:
    if plain.lower().startswith("vers:"):
        return _vers(plain)
    bare = NOISE.sub("", plain)
    if is_commit(bare):
        return None
    if OPERATOR.search(bare):
        if "||" in bare:
            return _alternatives(bare)
        if "|" in bare:
            return _vers(f"/{bare}")
        return _constraints(re.split(r"\s*(?:,|&&?|\band\b)\s*|\s+(?=[<>=≤≥])", bare))
    return _phrase(bare) or _list(bare)


def _alternatives(bare: str) -> tuple[Range, ...] | None:
    """Read `<2.0 || >=3.0 <3.1`, as npm writes it: each of comparisons alone; all or none."""
    found: list[Range] = []
    for alternative in bare.split("||"):
        parts = re.split(r"\s+(?=[<>=≤≥])", alternative.strip())
        read = _constraints(parts) if all(map(OPERATOR.match, parts)) else None
        if read is None:
            return None
        found += read
    return tuple(found)


def _vers(plain: str) -> tuple[Range, ...] | None:
    """Read a version range specifier: `vers:scheme/constraint|constraint`."""
    _, _, body = plain.partition("/")
    if body.strip() == "*":
        return (Range(),)
    parts = [part.strip() for part in re.split(r"\s*-?\|\s*|(?<=[^<>=≤≥\s|])(?=[<>≤≥])", body)]
    return _constraints([part if OPERATOR.match(part) else f"={part}" for part in parts])


def _constraints(parts: list[str]) -> tuple[Range, ...] | None:
    """Join constraints in their order: a lower bound opens a range, an upper one closes it."""
    found: list[Range] = []
    lower: Range | None = None
    for part in (each for each in parts if each):
        matched = CONSTRAINT.match(BRACKETED.sub(r"\1\2", part))
        if matched is None:
            return None
        operator, version = CANONICAL.get(matched[1], matched[1]), matched[2]
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
    if matched := SPAN.match(bare):
        if matched[1].count(".") == matched[2].count("."):
            return (Range(introduced=matched[1], last_affected=matched[2]),)
        return None
    if matched := WILD.match(bare):
        return (Range(introduced=matched[1], fixed=after(matched[1])),)
    if is_version(bare):
        rest = bare.removesuffix("+")
        return (Range(exact=(bare,)) if rest == bare else Range(introduced=rest),)
    for pattern, make in PHRASES:
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
        read = _phrase(NOISE.sub("", part))
        if read is None:
            return None
        for each in read:
            singles.extend(each.exact)
            if not each.exact:
                found.append(each)
    if singles:
        found.insert(0, Range(exact=tuple(singles)))
    return tuple(found)

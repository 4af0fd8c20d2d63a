"""Package URLs (ECMA-427): parsing, building and normalising.

`parse` and `build` are as strict as the standard. `read` is for matching: it takes what a careful
reader can still tell of a purl that breaks a rule (a namespace where the type has none, a missing
qualifier), because a component that nobody matches looks safe.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

from schemas.identifiers import purl_types
from schemas.identifiers.remembered import remembered

LONGEST = 4096
"""Characters; a longer text is refused unread."""

_TYPE = re.compile(r"[a-z][a-z0-9.+-]*", re.ASCII)
_KEY = re.compile(r"[a-z][A-Za-z0-9._-]*", re.ASCII)
"""The published cases refuse a key that begins with a capital and fold one that holds a capital."""

_PLAIN = re.compile(
    r"pkg:([a-z][a-z0-9.+-]*)/((?:[A-Za-z0-9._~-]+/)*)([A-Za-z0-9._~-]+)(?:@([A-Za-z0-9._~:+-]+))?",
    re.ASCII,
)
"""Most purls there are: nothing in them is escaped, so that nothing is to be decoded or refused."""

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SAFE = ":"
"""What stays as it is besides letters, digits and `.-_~` (ECMA-427, 5.4)."""


class PurlError(ValueError):
    """A text or its parts break a rule of ECMA-427 or of the package type."""


@dataclass(frozen=True, slots=True)
class Purl:
    """A package URL's parts, decoded and normalised; qualifiers are sorted by key."""

    type: str
    namespace: str | None
    name: str
    version: str | None = None
    qualifiers: tuple[tuple[str, str], ...] = ()
    subpath: str | None = None

    def __str__(self) -> str:
        """Write it in canonical form."""
        names = self.name.split("/") if purl_types.of(self.type).paths else [self.name]
        parts = [self.type, *(self.namespace or "").split("/"), *names]
        text = "pkg:" + "/".join(quote(part, safe=_SAFE) for part in parts if part)
        if self.version:
            text += "@" + quote(self.version, safe=_SAFE)
        if self.qualifiers:
            text += "?" + "&".join(f"{k}={quote(v, safe=_SAFE)}" for k, v in self.qualifiers)
        if self.subpath:
            text += "#" + "/".join(quote(part, safe=_SAFE) for part in self.subpath.split("/"))
        return text

    def bare(self) -> "Purl":
        """Leave version, qualifiers and subpath out."""
        return Purl(self.type, self.namespace, self.name)


@lru_cache(maxsize=16_384)
def parse(text: str) -> Purl:
    """Read a package URL by the letter of the standard.

    Raises:
        PurlError: it breaks a rule; the message names which.
    """
    purl, faults = _read(text)
    if purl is None or faults:
        raise PurlError(faults[0])
    return purl


def canonical(text: str) -> str:
    """Write a package URL in canonical form; keys of qualifiers may come in any case.

    Raises:
        PurlError: it breaks a rule that writing it otherwise does not mend.
    """
    rest, hashed, subpath = text.partition("#")
    head, mark, query = rest.partition("?")
    folded = "&".join(
        key.lower() + equals + value
        for key, equals, value in (pair.partition("=") for pair in query.split("&"))
    )
    return str(parse(head + mark + folded + hashed + subpath))


@remembered(16_384)
def read(text: str) -> Purl | None:
    """Read as much of a package URL as names a package; None where it names none."""
    if len(text) <= LONGEST and (plain := _PLAIN.fullmatch(text)):
        kind, namespace, name, version = plain.groups()
        parts = purl_types.Parts(namespace and namespace[:-1], name, version, {})
        parts = purl_types.of(kind).normalised(parts)
        return Purl(kind, parts.namespace, parts.name, parts.version)
    return _read(text)[0]


def build(
    kind: str | None,
    namespace: str | None,
    name: str | None,
    version: str | None = None,
    qualifiers: Mapping[str, str] | None = None,
    subpath: str | None = None,
) -> Purl:
    """Make a package URL of plain parts, normalised as its type asks.

    Raises:
        PurlError: a part is missing, or breaks a rule.
    """
    purl, faults = _normalised(
        (kind or "").lower(),
        _path(namespace or ""),
        (name or "").strip("/"),
        version or None,
        {key.lower(): value for key, value in (qualifiers or {}).items()},
        "/".join(each for each in _segments(subpath or "") if each not in {".", ".."}) or None,
    )
    if purl is None or faults:
        raise PurlError(faults[0])
    return purl


def _read(text: str) -> tuple[Purl | None, list[str]]:
    """Split from the right, as ECMA-427 (5.5) says; collect what breaks a rule."""
    if len(text) > LONGEST:
        return None, [f"longer than {LONGEST} characters"]
    rest, _, subpath = text.strip().partition("#")
    rest, _, query = rest.partition("?")
    scheme, colon, rest = rest.partition(":")
    if scheme.lower() != "pkg" or not colon:
        return None, ["it does not begin with `pkg:`"]
    kind, _, rest = rest.lstrip("/").partition("/")
    head, at, version = rest.rpartition("@")
    # `@scope/name` without escapes: a sign that opens a segment with more behind is no version's.
    scoped = "/" in version and head[-1:] in {"", "/"}
    path, written = (head, version) if at and not scoped else (rest, "")
    faults = ["a slash stands before the version"] if written and path.endswith("/") else []
    if _BROKEN_ESCAPE.search(text):
        faults.append("a percent sign is not followed by two hexadecimal digits")
    qualifiers, wrong = _qualifiers(query)
    segments = [unquote(each) for each in _segments(path)]
    if not segments:
        return None, ["it has no name"]
    inner = [unquote(each) for each in _segments(subpath)]
    if any("/" in each for each in inner):
        faults.append("a segment of the subpath holds a slash")
    purl, broken = _normalised(
        kind.lower(),
        "/".join(segments[:-1]) or None,
        segments[-1],
        unquote(written) or None,
        qualifiers,
        "/".join(each for each in inner if each not in {"", ".", ".."}) or None,
    )
    return purl, faults + wrong + broken


def _unwritable(text: str) -> bool:
    """Tell whether a text holds NUL or half a surrogate pair, which no database keeps."""
    return "\0" in text or (not text.isascii() and _SURROGATE.search(text) is not None)


def _segments(path: str) -> list[str]:
    return [each for each in path.split("/") if each]


def _path(written: str) -> str | None:
    return "/".join(_segments(written)) or None


def _qualifiers(query: str) -> tuple[dict[str, str], list[str]]:
    """Split `key=value` pairs; one without a value is as if it were not there."""
    found: dict[str, str] = {}
    faults = []
    for pair in query.split("&") if query else ():
        key, _, value = pair.partition("=")
        if not _KEY.fullmatch(key):
            faults.append(f"{key[:40]!r} is no key of a qualifier")
        elif key in found:
            faults.append(f"the qualifier {key[:40]!r} stands twice")
        if value:
            found.setdefault(key.lower(), unquote(value))
    return found, faults


def _normalised(
    kind: str,
    namespace: str | None,
    name: str,
    version: str | None,
    qualifiers: dict[str, str],
    subpath: str | None,
) -> tuple[Purl | None, list[str]]:
    if not _TYPE.fullmatch(kind) or not name.strip():
        return None, ["the type is missing or malformed" if name.strip() else "it has no name"]
    texts = (namespace, name, version, subpath, *qualifiers.values())
    if any(_unwritable(each) for each in texts if each):
        return None, ["it holds a character that cannot be stored"]
    kept = {key: value for key, value in qualifiers.items() if value}
    faults = [f"{key[:40]!r} is no key of a qualifier" for key in kept if not _KEY.fullmatch(key)]
    rule = purl_types.of(kind)
    parts = purl_types.Parts(namespace, name, version, kept)
    faults += rule.faults(parts)
    parts = rule.normalised(parts)
    ordered = tuple(sorted(kept.items()))
    purl = Purl(kind, parts.namespace, parts.name, parts.version, ordered, subpath)
    return purl, faults

"""Keys for Python distributions: PEP 440 order, and setuptools' old order for what it refuses.

Legacy versions sort below every PEP 440 version, among themselves as `pkg_resources` sorted them
up to setuptools 65 (`LegacyVersion`): 2,000-odd releases on PyPI still carry one.
"""

import re
from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from services.sbom_matcher.domain.versions.encoding import END, POST, PRE, NoKey, number, release

_LEGACY = b"\x08"
_PRE_PHASE = {"a": b"\x12a", "b": b"\x12b", "rc": b"\x12c"}
_NO_DEV = b"\x40"
_LOCAL_WORD = b"\x28"
_PART_END = b"\x01"
_PARTS = re.compile(r"(\d+|[a-z]+|\.|-)")
_RENAMED = {"pre": "c", "preview": "c", "-": "final-", "rc": "c", "dev": "@"}
_FINAL = "*final"


def key(version: str) -> bytes | NoKey:
    """Return the key of a Python distribution's version."""
    try:
        parsed = Version(version)
    except InvalidVersion:
        return _legacy(version.strip())
    return b"".join(
        (
            number(str(parsed.epoch)),
            release([str(each) for each in parsed.release]),
            _pre(parsed),
            PRE if parsed.post is None else POST + number(str(parsed.post)),
            _NO_DEV if parsed.dev is None else PRE + number(str(parsed.dev)),
            b"" if parsed.local is None else b"".join(map(_local, parsed.local.split("."))),
            END,
        )
    )


def _pre(version: Version) -> bytes:
    if version.pre is not None:
        phase, count = version.pre
        return _PRE_PHASE[phase] + number(str(count))
    only_dev = version.post is None and version.dev is not None
    return PRE if only_dev else END


def _local(segment: str) -> bytes:
    if segment.isdigit():
        return number(segment)
    return _LOCAL_WORD + segment.encode() + _PART_END


def _legacy(version: str) -> bytes | NoKey:
    if not version:
        return NoKey("empty")
    kept: list[str] = []
    for part in _legacy_parts(version.lower()):
        if part.startswith("*"):
            while part < _FINAL and kept and kept[-1] == "*final-":
                kept.pop()
            while kept and kept[-1] == "00000000":
                kept.pop()
        kept.append(part)
    encoded = b"".join(part.encode(errors="replace") + _PART_END for part in kept)
    return _LEGACY + encoded + b"\x00"


def _legacy_parts(version: str) -> Iterator[str]:
    for raw in _PARTS.split(version):
        part = _RENAMED.get(raw, raw)
        if part and part != ".":
            yield part.zfill(8) if part[0].isdigit() else "*" + part
    yield _FINAL

"""Keys for RPM packages: Red Hat, SUSE, Fedora and their like.

The rule is RPM's own (rpm.org, "Version comparison" and "Dependencies"): versions are written
`[epoch:]version[-release]` and read as runs of letters and of digits; other signs only part them.
At each place `~` is below the end, the end below `^`, that below letters, and letters below
numbers. A missing epoch is 0; what looks like an epoch and is no number is part of the version. A
version without a release is below the same version with one.
"""

import re

from services.sbom_matcher.domain.versions.encoding import END, POST, PRE, NoKey, number, word

_EPOCH = re.compile(r"([0-9]*):")
_RUN = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
_CARET = POST
_LETTERS = b"\x40"


def key(version: str) -> bytes | NoKey:
    """Return the key of an RPM package's version."""
    epoch = _EPOCH.match(version)
    rest = version[epoch.end() :] if epoch else version
    upstream, parted, release = rest.rpartition("-")
    if not parted:
        upstream, release = rest, ""
    end = POST + _part(release) if parted else END
    return number(epoch[1] if epoch else "0") + _part(upstream) + end


def _part(text: str) -> bytes:
    return b"".join(map(_run, _RUN.findall(text))) + END


def _run(text: str) -> bytes:
    if text.isdigit():
        return number(text)
    if text == "~":
        return PRE
    return _CARET if text == "^" else _LETTERS + word(text)

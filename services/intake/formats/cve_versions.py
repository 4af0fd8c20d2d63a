"""Reads the version entries of a CVE record's `affected` product into ranges by status.

CVE JSON 5 (CVE Program, schema 5.1, `affected[].versions`): an entry covers `version` alone, or
from it up to `lessThan` (exclusive) or `lessThanOrEqual`; `changes` alter the status inside the
range. Real records put operators and prose into `version`, and `versionType` is only a hint.
"""

import re
from collections.abc import Iterable

from schemas.advisories import Range, Status
from services.intake.formats import version_text
from services.intake.formats.shape import Node, items, text

STATUSES = {
    "affected": Status.AFFECTED,
    "unaffected": Status.NOT_AFFECTED,
    "unknown": Status.UNDER_INVESTIGATION,
}
GIT_TYPES = frozenset({"git", "original_commit_for_fix"})
_SCHEMES = {
    "semver": "semver",
    "python": "pypi",
    "rpm": "rpm",
    "maven": "maven",
    "npm": "npm",
    "deb": "deb",
    "dpkg": "deb",
    "apk": "apk",
    "nuget": "nuget",
    "go": "golang",
    "gem": "gem",
    "composer": "composer",
}
_TAG = re.compile(r"^[vV]?\d+(?:\.\d+)+(?:[-._+][0-9A-Za-z.]+)?$", re.ASCII)
_SERIES = re.compile(r"^\d+(?:\.\d+)*$", re.ASCII)
_OPEN = frozenset(
    {
        "0", "*", "", "-", "?", "n/a", "unspecified", "unknown", "all", "none", "any", "various",
        "all versions", "earlier", "earlier version", "earlier versions", "previous",
        "previous version", "previous versions", "prior versions",
    }
)  # fmt: skip
"""What stands for "from the first version on"."""


def scheme(kinds: Iterable[str]) -> str | None:
    """The version scheme that the entries' types name, where we know it; a hint, not a promise."""
    return next((_SCHEMES[kind] for kind in sorted(kinds) if kind in _SCHEMES), None)


def is_git(entry: Node, at: str) -> bool:
    """Whether the entry's bounds are commits, which have no order without the repository.

    Some records call releases `git`: bounds that are tags have the order of versions.
    """
    if (text(entry, "versionType", at) or "").lower() not in GIT_TYPES:
        return False
    start, bound = text(entry, "version", at) or "", _bound(entry, at)
    given = [each for each in (start, bound) if each and each.lower() not in _OPEN]
    return not given or not all(_TAG.match(each) for each in given)


def _bound(entry: Node, at: str) -> str | None:
    return text(entry, "lessThan", at) or text(entry, "lessThanOrEqual", at)


def by_status(
    entries: Iterable[tuple[str, Node]], default: Status | None, *names: str | None
) -> dict[Status, tuple[Range, ...]]:
    """Group what the entries cover by the status they give it, in the order of the record.

    `names` are the product's and vendor's, which some write in front of a version.
    """
    found: dict[Status, list[Range]] = {}
    singles: dict[Status, list[str]] = {}
    for at, entry in entries:
        status = STATUSES.get((text(entry, "status", at) or "").lower(), default)
        status = status or Status.AFFECTED
        for changed, ranges in _entry(entry, at, status, names):
            kept = found.setdefault(changed, [])
            for each in ranges:
                if each.exact:
                    singles.setdefault(changed, []).extend(each.exact)
                else:
                    kept.append(each)
    for status, versions in singles.items():
        found[status].insert(0, Range(exact=tuple(dict.fromkeys(versions))))
    return {status: tuple(ranges) for status, ranges in found.items()}


def _entry(
    entry: Node, at: str, status: Status, names: tuple[str | None, ...]
) -> list[tuple[Status, tuple[Range, ...]]]:
    start = text(entry, "version", at) or ""
    below, upto = text(entry, "lessThan", at), text(entry, "lessThanOrEqual", at)
    if below is None and upto is None and not (start and is_git(entry, at)):
        return [(status, version_text.named_ranges(start, *names))]
    if is_git(entry, at):
        shown = f"{start} up to {below or upto}" if below or upto else start
        return [(status, (version_text.unparsed(shown, "git commits have no order"),))]
    end = _upper(below, upto, names)
    changes = [
        (text(change, "at", where) or "", STATUSES.get(text(change, "status", where) or "", status))
        for where, change in items(entry, "changes", at)
    ]
    if not changes:
        return [(status, (_bounded(start, end, (below, upto), names),))]
    found: list[tuple[Status, tuple[Range, ...]]] = []
    starts = [(start, status), *changes]
    for position, (begin, current) in enumerate(starts):
        if position + 1 < len(starts):
            closing = Range(fixed=version_text.unescaped(starts[position + 1][0]))
            found.append(
                (current, (_bounded(begin, closing, (starts[position + 1][0], None), names),))
            )
        else:
            found.append((current, (_bounded(begin, end, (below, upto), names),)))
    return found


def _upper(below: str | None, upto: str | None, names: tuple[str | None, ...]) -> Range | None:
    """The upper bound as a range without a lower one; None where it cannot be read."""
    bound = version_text.unescaped(below or upto or "")
    if bound == "*":
        return Range()
    wild = bound.removesuffix(".*").removesuffix(".x")
    if len(bound) <= version_text.MAX_TEXT and wild != bound and _SERIES.match(wild):
        return Range(fixed=version_text.after(wild) if below is None else wild)
    if not version_text.is_version(bound):
        read = version_text.named_ranges(bound, *names)
        # `lessThan: "before 4.2"` and the like: only a text that is one upper bound is taken.
        only = read[0] if len(read) == 1 else Range()
        if len(only.exact) == 1:
            one = only.exact[0]
            return Range(fixed=one) if below is not None else Range(last_affected=one)
        return only if (only.fixed or only.last_affected) and only.introduced is None else None
    return Range(fixed=bound) if below is not None else Range(last_affected=bound)


def _bounded(
    start: str,
    end: Range | None,
    bounds: tuple[str | None, str | None],
    names: tuple[str | None, ...],
) -> Range:
    below, upto = bounds
    shown = f"{start} .. {'<' if below is not None else '<='} {below or upto}"
    begin = version_text.unescaped(start)
    if version_text.is_commit(begin) or version_text.is_commit(below or upto or ""):
        return version_text.unparsed(shown, "git commits have no order")
    if end is None:
        return version_text.unparsed(shown, "the upper bound is no version")
    if begin.lower() in _OPEN or begin == below:
        # 418 of 44,130 public records write `version` = `lessThan`: what they mean is `< x`.
        return end
    read = (Range(exact=(begin,)),) if version_text.is_version(begin) else None
    return _joined(read or version_text.named_ranges(start, *names), end, shown)


def _joined(read: tuple[Range, ...], end: Range, shown: str) -> Range:
    """The lower bound that a text means, with the upper one."""
    only = read[0] if len(read) == 1 else Range()
    if len(only.exact) == 1:
        return end.model_copy(update={"introduced": only.exact[0]})
    if only.introduced and not only.unparsed:
        return end.model_copy(
            update={
                "introduced": only.introduced,
                "introduced_exclusive": only.introduced_exclusive,
            }
        )
    if (only.fixed, only.last_affected) == (end.fixed, end.last_affected) != (None, None):
        return only  # `6.4.1 and below` up to 6.4.1: both say the same
    return version_text.unparsed(shown, "the lower bound is no version")

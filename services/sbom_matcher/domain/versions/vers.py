"""Version range specifiers, `vers:npm/>=1.0.0|<1.4.2`: reads, writes and applies them.

The rule is the VERS specification (package-url/vers-spec): a scheme, then constraints parted by
`|`, each a comparator and a version, sorted, no version twice; `*` alone is every version. A
version is inside if an equality names it, or if it lies between the bounds; `!=` takes one version
out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from urllib.parse import quote, unquote

from services.sbom_matcher.domain import versions
from services.sbom_matcher.domain.versions.encoding import NoKey

LONGEST = 65_536
"""Characters; a longer specifier is refused."""

_FORM = re.compile(r"vers:([a-z0-9.+-]+)/(.+)", re.DOTALL | re.IGNORECASE)
_CONSTRAINT = re.compile(r"(>=|<=|!=|<|>|=)?(.+)", re.DOTALL)
_SAFE = "".join(c for c in map(chr, range(0x21, 0x7F)) if c not in "%><=!*|,")
LOWER = frozenset({">", ">="})
UPPER = frozenset({"<", "<="})
BOUNDS = LOWER | UPPER
_SCHEMES = {"alpine": "apk", "debian": "deb", "rubygems": "gem"}
"""Our names of schemes that the specification calls otherwise."""


class VersError(ValueError):
    """A text is no version range specifier, or what it names has no order; says why."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One comparator (`=`, `!=`, `<`, `<=`, `>` or `>=`) with its version."""

    comparator: str
    version: str


@dataclass(frozen=True, slots=True)
class Vers:
    """A version range: constraints in the order of their versions; none means every version."""

    scheme: str
    constraints: tuple[Constraint, ...] = ()

    def __str__(self) -> str:
        """Write it in its canonical form."""
        written = "|".join(map(_written, self.constraints)) or "*"
        return f"vers:{_SCHEMES.get(self.scheme, self.scheme)}/{written}"

    def holds(self, version: str) -> bool:
        """Tell whether a version lies inside.

        Raises:
            VersError: the version has no key.
        """
        key = key_of(self.scheme, version)
        named = [(each.comparator, key_of(self.scheme, each.version)) for each in self.constraints]
        equal = [comparator for comparator, bound in named if bound == key]
        if equal:
            return equal[0] in {"=", "<=", ">="}
        bounds = [each for each in named if each[0] in BOUNDS]
        if not bounds:
            return all(comparator == "!=" for comparator, _ in named)
        return _between(key, bounds)


def parse(text: str) -> Vers:
    """Read a specifier; its constraints come sorted, of `*` there are none.

    Raises:
        VersError: it has no such form, a version has no key or comes twice, or bounds of one
            direction follow each other.
    """
    if len(text) > LONGEST:
        raise VersError(f"it has more than {LONGEST} characters")
    form = _FORM.fullmatch("".join(text.split()))
    if form is None:
        raise VersError("it does not begin with vers:SCHEME/")
    name = form[1].lower()
    if name == "none":
        raise VersError("vers:none/* names no version")
    scheme = versions.scheme_of(name)
    if form[2] == "*":
        return Vers(scheme)
    return made(scheme, [_constraint(each) for each in form[2].strip("|").split("|")])


def made(scheme: str, constraints: Iterable[Constraint]) -> Vers:
    """Make a range of constraints in any order.

    Raises:
        VersError: as for `parse`.
    """
    found = [(key_of(scheme, each.version), each) for each in constraints]
    keyed = sorted(found, key=itemgetter(0))
    for (key, one), (following, other) in pairwise(keyed):
        if key == following:
            raise VersError(f"{one.version} and {other.version} are one version, named twice")
    kept = [each for _, each in keyed]
    bounds = [each for each in kept if each.comparator in BOUNDS]
    for one, other in pairwise(bounds):
        if (one.comparator in LOWER) == (other.comparator in LOWER):
            raise VersError(
                f"{one.comparator}{one.version} and {other.comparator}{other.version} follow each "
                "other: one of them says nothing"
            )
    return Vers(scheme, tuple(kept))


def _constraint(text: str) -> Constraint:
    form = _CONSTRAINT.fullmatch(text)
    if form is None or form[2][0] in "<>=!":
        raise VersError(f"{text[:80]!r} is no constraint")
    return Constraint(form[1] or "=", unquote(form[2]))


def _written(each: Constraint) -> str:
    comparator = "" if each.comparator == "=" else each.comparator
    return comparator + quote(each.version, safe=_SAFE)


def key_of(scheme: str, version: str) -> bytes:
    """Return a version's key.

    Raises:
        VersError: it has none.
    """
    found = versions.stored_key(scheme, version)
    if isinstance(found, NoKey):
        raise VersError(f"{version[:80]!r} has no order in {scheme}: {found.reason}")
    return found


def _between(key: bytes, bounds: list[tuple[str, bytes]]) -> bool:
    comparator, bound = bounds[0]
    if comparator in UPPER and key < bound:
        return True
    comparator, bound = bounds[-1]
    if comparator in LOWER and key > bound:
        return True
    return any(
        one in LOWER and other in UPPER and low < key < high
        for (one, low), (other, high) in pairwise(bounds)
    )

"""CPE names (NISTIR 7695): the well-formed name, and reading and writing its three bindings.

`parse` is as strict as the standard. `read` is for matching: it takes a name whose last attributes
are missing or whose signs are not quoted, where what they mean is plain.
"""

import re
from dataclasses import dataclass, fields

from schemas.identifiers import cpe_values as values
from schemas.identifiers.cpe_values import ANY, NA, CpeError
from schemas.identifiers.remembered import remembered

__all__ = ["ANY", "LONGEST", "NA", "CpeError", "Wfn", "parse", "read"]

LONGEST = 2048
"""Characters; a longer text is refused unread."""

_PARTS = frozenset({"a", "o", "h", ANY, NA})
_FORMATTED = "cpe:2.3:"
_URI = "cpe:/"
_PACKED = 5
_URI_FIELDS = 7
_WFN = re.compile(r"wfn:\[(.*)\]", re.IGNORECASE | re.DOTALL)
_PAIR = re.compile(r'\s*([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|(ANY|NA))\s*(?:,|$)', re.ASCII)
_COLON = re.compile(r"(?<!\\)(?:\\\\)*:")


@dataclass(frozen=True, slots=True)
class Wfn:
    """A well-formed name; each attribute is ANY (`*`), NA (`-`) or a value in its quoted form."""

    part: str = ANY
    vendor: str = ANY
    product: str = ANY
    version: str = ANY
    update: str = ANY
    edition: str = ANY
    language: str = ANY
    sw_edition: str = ANY
    target_sw: str = ANY
    target_hw: str = ANY
    other: str = ANY

    def values(self) -> tuple[str, ...]:
        """Give the eleven attributes in their order."""
        return (
            self.part, self.vendor, self.product, self.version, self.update, self.edition,
            self.language, self.sw_edition, self.target_sw, self.target_hw, self.other,
        )  # fmt: skip

    def formatted(self) -> str:
        """Write it as a formatted string, CPE 2.3 (6.2.2)."""
        return _FORMATTED + ":".join(values.to_formatted(each) for each in self.values())

    def uri(self) -> str:
        """Write it as a URI, CPE 2.2 (6.1.2); the newer attributes are packed into the edition."""
        head = [values.to_uri(each) for each in self.values()[:5]]
        extended = (self.sw_edition, self.target_sw, self.target_hw, self.other)
        edition = values.to_uri(self.edition)
        if any(each != ANY for each in extended):
            edition = "~" + "~".join([edition, *(values.to_uri(each) for each in extended)])
        parts = [*head, edition, values.to_uri(self.language)]
        return _URI + ":".join(parts).rstrip(":")

    def __str__(self) -> str:
        """Write it as a WFN, the form in which the standard itself speaks."""
        named = (
            f"{each.name}={_shown(getattr(self, each.name))}"
            for each in fields(self)
            if getattr(self, each.name) != ANY
        )
        return "wfn:[" + ",".join(named) + "]"


def parse(text: str) -> Wfn:
    """Read a formatted string, a URI or a WFN by the letter of the standard.

    Raises:
        CpeError: it is none of them, or breaks a rule; the message says which.
    """
    found, faults = _read(text)
    if found is None or faults:
        raise CpeError(faults[0])
    return found


@remembered(16_384)
def read(text: str) -> Wfn | None:
    """Read as much of a CPE name as is plain; None where it is none."""
    return _read(text)[0]


def _read(text: str) -> tuple[Wfn | None, list[str]]:
    if len(text) > LONGEST or values.UNWRITABLE.search(text):
        return None, [f"longer than {LONGEST} characters, or it holds one that cannot be stored"]
    stripped = text.strip()
    lowered = stripped.lower()
    try:
        if lowered.startswith(_FORMATTED):
            return _formatted(lowered[len(_FORMATTED) :])
        if lowered.startswith(_URI):
            return _from_uri(lowered[len(_URI) :])
        if matched := _WFN.fullmatch(stripped):
            return _from_wfn(matched[1])
    except CpeError as error:
        return None, [str(error)]
    return None, ["it begins neither with `cpe:2.3:` nor with `cpe:/`"]


def _formatted(body: str) -> tuple[Wfn | None, list[str]]:
    parts, faults = _split(body), []
    if len(parts) != len(fields(Wfn)):
        faults.append(f"it has {len(parts)} attributes and should have {len(fields(Wfn))}")
    if len(parts) > len(fields(Wfn)):
        return None, faults
    found = []
    for each in parts:
        value, fault = values.from_formatted(each)
        found.append(value)
        faults += [fault] if fault else []
    return _made(found, faults)


def _split(body: str) -> list[str]:
    """Split at colons that are not quoted."""
    parts, begin = [], 0
    for colon in _COLON.finditer(body):
        parts.append(body[begin : colon.end() - 1])
        begin = colon.end()
    return [*parts, body[begin:]]


def _from_uri(body: str) -> tuple[Wfn | None, list[str]]:
    parts = body.split(":")
    if len(parts) > _URI_FIELDS:
        return None, [f"it has {len(parts)} parts and may have {_URI_FIELDS}"]
    parts += [""] * (_URI_FIELDS - len(parts))
    packed = [parts[5]]
    faults = []
    if parts[5].startswith("~"):
        packed = parts[5][1:].split("~")
        if len(packed) != _PACKED:
            faults.append(f"the packed edition has {len(packed)} parts and should have {_PACKED}")
    packed = (packed + [""] * _PACKED)[:_PACKED]
    ordered = [*parts[:5], packed[0], parts[6], *packed[1:]]
    found = []
    for each in ordered:
        value, fault = values.from_uri(each)
        found.append(value)
        faults += [fault] if fault else []
    return _made(found, faults)


def _from_wfn(body: str) -> tuple[Wfn | None, list[str]]:
    known = {each.name for each in fields(Wfn)}
    found: dict[str, str] = {}
    place = 0
    while place < len(body):
        pair = _PAIR.match(body, place)
        if pair is None or pair[1] not in known or pair[1] in found:
            raise CpeError("it holds what is no attribute, or one attribute twice")
        place = pair.end()
        if pair[3]:
            found[pair[1]] = ANY if pair[3] == "ANY" else NA
            continue
        value, fault = values.from_wfn(pair[2].lower())
        if fault:
            raise CpeError(fault)
        found[pair[1]] = value
    return _made([found.get(each.name, ANY) for each in fields(Wfn)], [])


def _made(found: list[str], faults: list[str]) -> tuple[Wfn | None, list[str]]:
    name = Wfn(*found)
    if name.part not in _PARTS:
        return None, [*faults, "its part is not `a`, `o` or `h`"]
    return name, faults


def _shown(value: str) -> str:
    return {ANY: "ANY", NA: "NA"}.get(value) or f'"{value}"'

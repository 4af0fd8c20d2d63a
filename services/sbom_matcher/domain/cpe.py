"""CPE 2.3 formatted strings (NISTIR 7695, 6.2): parts, and the key of vendor and product.

The key is (part, vendor, product), each a concrete value: a name whose vendor or product is ANY or
NA would meet everything and identifies nothing.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

ANY = "*"
NA = "-"

_SPLIT = re.compile(r"(?<!\\):")
_QUOTED = re.compile(r"\\(.)")
_PARTS = frozenset({"a", "o", "h"})
_FIELDS = 13
_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class Cpe:
    """A CPE 2.3 name's first attributes, unquoted and in lower case; `*` is ANY, `-` is NA."""

    part: str
    vendor: str
    product: str
    version: str
    update: str

    @property
    def base(self) -> str | None:
        """The key, such as `cpe:a:wolfssl:wolfssl`; None without concrete vendor and product."""
        if self.part not in _PARTS or {self.vendor, self.product} & {ANY, NA, ""}:
            return None
        return f"cpe:{self.part}:{self.vendor}:{self.product}"

    @property
    def written_version(self) -> str:
        """Version with update as one text: `1.0` and `rc1` are `1.0-rc1`."""
        if self.version in {ANY, NA} or self.update in {ANY, NA}:
            return self.version
        return f"{self.version}-{self.update}"


@lru_cache(maxsize=65_536)
def parse(text: str) -> Cpe | None:
    """Read a CPE 2.3 formatted string; None where it is none."""
    stripped = text.strip()
    if len(stripped) > _LONGEST or "\0" in stripped or not stripped.lower().startswith("cpe:2.3:"):
        return None
    fields = _SPLIT.split(stripped)
    if len(fields) != _FIELDS or not all(fields):
        return None
    part, vendor, product, version, update = (_unquoted(each) for each in fields[2:7])
    return Cpe(part, vendor, product, version, update)


def _unquoted(field: str) -> str:
    """Take a field's backslashes away; a sign quoted alone is itself, not ANY or NA."""
    if field in {r"\-", r"\*"}:
        return field
    return _QUOTED.sub(r"\1", field).lower()

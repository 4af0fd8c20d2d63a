"""Vendor and product names: the key by which a spoken name meets another, exactly or not at all.

Names are compared without case, signs, accents, a vendor's legal form and the vendor's name in
front of the product's ("Apache Tomcat" of Apache is Tomcat). A name that merely contains another
never meets it: "OpenSSL for Windows" is not "OpenSSL".
"""

import re
import unicodedata

from schemas.identifiers.remembered import remembered

_SIGNS = re.compile(r"[^\w+#]+|_")
_LEGAL_FORMS = frozenset(
    {
        "ab", "ag", "aps", "as", "bv", "co", "community", "company", "corp", "corporation",
        "foundation", "gmbh", "inc", "incorporated", "kg", "limited", "llc", "ltd", "nv",
        "organization", "oy", "plc", "project", "pty", "sa", "sarl", "software", "spa", "srl",
        "team",
    }
)  # fmt: skip
_NOBODY = frozenset(
    {"", "n a", "na", "none", "unknown", "unspecified", "various", "all", "redacted"}
)
_LONGEST = 256
_LONGEST_WRITTEN = 1024


@remembered(65_536)
def base(vendor: str | None, product: str | None) -> str | None:
    """Return the key `name:vendor|product`, or None where either name says nothing."""
    who = _vendor(vendor or "")
    if who in _NOBODY:
        return None
    what = _words(product or "")
    what = what.removeprefix(f"{who} ") or what
    if what in _NOBODY or len(who) + len(what) > _LONGEST:
        return None
    return f"name:{who}|{what}"


def parted(key: str) -> tuple[str, str] | None:
    """Give the vendor and product of a key; None for a key of another kind."""
    kind, _, both = key.partition(":")
    who, bar, what = both.partition("|")
    return (who, what) if kind == "name" and bar else None


def vendor(name: str | None) -> str | None:
    """Return a vendor's name as keys hold it, or None where it says nothing."""
    who = _vendor(name or "")
    return None if who in _NOBODY or len(who) > _LONGEST else who


def _vendor(name: str) -> str:
    words = _words(name).split()
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    return " ".join(words)


def _words(name: str) -> str:
    if len(name) > _LONGEST_WRITTEN:  # no name: reading a megabyte of it takes a second
        return ""
    letters = name.casefold().replace(".", " ").replace("\0", " ")
    if not letters.isascii():
        plain = unicodedata.normalize("NFKD", letters)
        letters = "".join(each for each in plain if not unicodedata.combining(each))
    return " ".join(_SIGNS.sub(" ", letters).split())

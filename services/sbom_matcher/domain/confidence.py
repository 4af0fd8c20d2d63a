"""Rates how sure a match is: by the identifier under which assertion and component met."""

from schemas.findings import Confidence, Matcher

_BY_MATCHER = {
    Matcher.STATEMENT: Confidence.HIGH,
    Matcher.PURL: Confidence.HIGH,
    Matcher.IDENTIFIER: Confidence.HIGH,
    Matcher.HASH: Confidence.HIGH,
    Matcher.CPE: Confidence.MEDIUM,
    Matcher.NAME: Confidence.LOW,
}
"""A purl, model number, UDI or file hash names one thing. CPE names are given by hand and shared by
forks; by product alone they say less. A name is what people call it."""


def of(matcher: Matcher, ident: str) -> Confidence:
    """Rate a match; a CPE name met by its product alone is rated as a name."""
    return Confidence.LOW if ident.startswith("cpe:*:*:") else _BY_MATCHER[matcher]

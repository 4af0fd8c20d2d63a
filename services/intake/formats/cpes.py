"""Writes CPE names as contracts hold them: formatted strings, with or without their version."""

from dataclasses import replace

from schemas.identifiers import cpe
from schemas.identifiers.remembered import remembered


@remembered(16_384)
def converted(text: str) -> str | None:
    """The name as a CPE 2.3 formatted string, whatever its binding; None for what names no product.

    A name of the older URI binding (`cpe:/`) with packed editions keeps every attribute.
    """
    name = cpe.read(text)
    return name.formatted() if name and name.product not in {cpe.ANY, cpe.NA} else None


@remembered(16_384)
def formatted(text: str) -> str | None:
    """The name as a CPE 2.3 formatted string, whatever it names: a vendor's any product counts."""
    name = cpe.read(text)
    return name.formatted() if name else None


@remembered(16_384)
def versionless(text: str) -> str:
    """The same name for any version and update; what is no CPE name stays as it is."""
    name = cpe.read(text)
    return replace(name, version=cpe.ANY, update=cpe.ANY).formatted() if name else text

"""Makes a component of a package that a build contains."""

from urllib.parse import quote

from schemas.identifiers import purl
from schemas.sboms import Component
from services.intake.formats.canonical import LONGEST_NAME


def of(kind: str | None, name: str, version: str | None) -> Component:
    """The component of a package; without a purl type it is known by name and version alone."""
    package = _purl(kind, name, version) if kind else None
    return Component(
        ref=(package or f"{name}@{version or ''}")[:LONGEST_NAME],
        name=name[:LONGEST_NAME],
        version=version,
        purl=package,
    )


def _purl(kind: str, name: str, version: str | None) -> str:
    """The purl as its type normalises it; what breaks a rule of the type stays as written."""
    written = f"pkg:{kind}/{quote(name, safe='/')}" + (f"@{quote(version)}" if version else "")
    found = purl.read(written)
    return str(found) if found else written

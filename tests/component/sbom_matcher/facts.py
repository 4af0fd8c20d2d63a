"""Facts that neighbours publish in these tests: products, SBOMs and advisories."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from schemas.advisories import (
    AdvisoryPublished,
    Assertion,
    Range,
    Score,
    Status,
    Target,
    TargetKind,
    Vulnerability,
)
from schemas.catalogue import Identity, ProductRegistered, ProductVersion
from schemas.sboms import Component, SbomRegistered

NOW = datetime.now(UTC)
HEX = "0" * 64


def product(name: str, *versions: str, vendor: str = "Example Medical") -> ProductRegistered:
    return ProductRegistered(
        product=name,
        name=name.title(),
        entity="example",
        identities=(Identity(vendor=vendor, product=name),),
        versions=tuple(ProductVersion(version=each) for each in versions),
        registered_at=NOW,
    )


def npm(name: str, version: str | None, **more: Any) -> Component:
    purl = f"pkg:npm/{name}" + (f"@{version}" if version else "")
    return Component(ref=f"{name}-{version}", name=name, version=version, purl=purl, **more)


def sbom(name: str, version: str, *components: Component, hardware: str = "") -> SbomRegistered:
    return SbomRegistered(
        sbom=str(uuid4()),
        product=name,
        version=version,
        hardware=hardware,
        format="cyclonedx-json",
        format_version="1.6",
        original=HEX,
        digest=uuid4().hex * 2,
        components=components,
        registered_at=NOW,
    )


def on_npm(name: str, *ranges: Range, asserter: str = "osv", **more: Any) -> Assertion:
    given: dict[str, Any] = {"status": Status.AFFECTED, **more}
    return Assertion(
        asserter=asserter,
        target=Target(kind=TargetKind.PURL, purl=f"pkg:npm/{name}", ecosystem="npm"),
        ranges=ranges,
        **given,
    )


def on_name(
    vendor: str, name: str, *ranges: Range, asserter: str = "csaf", **more: Any
) -> Assertion:
    given: dict[str, Any] = {"status": Status.AFFECTED, **more}
    return Assertion(
        asserter=asserter,
        target=Target(kind=TargetKind.NAME, vendor=vendor, product=name),
        ranges=ranges,
        **given,
    )


def advisory(
    name: str,
    vulnerability: str,
    *assertions: Assertion,
    aliases: tuple[str, ...] = (),
    scores: tuple[Score, ...] = (),
) -> AdvisoryPublished:
    return AdvisoryPublished(
        advisory=name,
        source=name.partition("/")[0],
        original=HEX,
        digest=uuid4().hex * 2,
        vulnerabilities=(
            Vulnerability(
                id=vulnerability, aliases=aliases, title=f"Flaw {vulnerability}", scores=scores,
                assertions=assertions,
            ),
        ),
        received_at=datetime.now(UTC),
    )  # fmt: skip

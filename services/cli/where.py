"""The command `where`: which products, versions and sites contain a component."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import typer

from services.cli.door import Door, door
from services.cli.printing import listing
from services.cli.words import As, AsJson

COLUMNS = [
    "product", "version", "hardware", "component", "component_version", "component_purl",
    "in_range", "devices", "sites",
]  # fmt: skip
_AT_ONCE = 50
"""Product versions that one question names: an address has its length."""

Version = tuple[str, str]


def where(
    component: Annotated[
        str,
        typer.Argument(
            metavar="COMPONENT[@RANGE]",
            help="Exact name or purl; @1.2.3, @'>=1.0,<2.0' or @vers:npm/... for some versions.",
        ),
    ],
    json: AsJson = False,
    who: As = None,
) -> None:
    """Say which products, versions and sites contain a component."""
    opened = door(who)
    rows = list(opened.items("sbom-matcher", "/v1/where", component=component))
    sites = _sites(opened, {(row["product"], row["version"]) for row in rows})
    listing((_with_sites(row, sites) for row in rows), COLUMNS, json_wanted=json)


def _sites(opened: Door, versions: Iterable[Version]) -> Mapping[Version, list[dict[str, Any]]]:
    """Ask for the devices of each product version, counted by site."""
    found: dict[Version, list[dict[str, Any]]] = {}
    ordered = sorted(versions)
    for start in range(0, len(ordered), _AT_ONCE):
        part = ordered[start : start + _AT_ONCE]
        asked = {"product": [one for one, _ in part], "version": [other for _, other in part]}
        for row in opened.get("deployment-tracker", "/v1/installations", **asked)["items"]:
            found.setdefault((row["product"], row["version"]), []).append(row)
    return found


def _with_sites(
    row: Mapping[str, Any], sites: Mapping[Version, list[dict[str, Any]]]
) -> dict[str, Any]:
    there = sites.get((row["product"], row["version"]), [])
    return {
        **row,
        "devices": sum(each["devices"] for each in there),
        "sites": list(_named(there)),
    }


def _named(there: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for each in there:
        yield f"{each['site'] or 'no site'} ({each['devices']})"

"""Commands for products, entities, sites and devices: list, show, import."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.door import door
from services.cli.printing import As, AsJson, document, listing
from services.cli.submissions import send

COLUMNS = {
    "product": ["product", "name", "entity", "qualification.kind", "eu.regime", "markets"],
    "entity": ["entity", "name", "country", "main_establishment.country", "nis2"],
    "site": ["site", "name", "country", "kind"],
    "device": ["device", "product", "version", "hardware", "site", "market", "method"],
}
PLURAL = {"product": "products", "entity": "entities", "site": "sites", "device": "devices"}


def _group(noun: str) -> typer.Typer:
    """Make the commands of one noun of the catalogue."""
    group = typer.Typer(help=f"The catalogue's {PLURAL[noun]}.", no_args_is_help=True)
    path = f"/v1/{PLURAL[noun]}"

    @group.command()
    def ls(
        product: Annotated[str | None, typer.Option(help="Devices of one product.")] = None,
        site: Annotated[str | None, typer.Option(help="Devices at one site.")] = None,
        json: AsJson = False,
        who: As = None,
    ) -> None:
        """List what the catalogue holds."""
        limits = {"product": product, "site": site} if noun == "device" else {}
        rows = door(who).items("intake", path, limit=500, **limits)
        listing(rows, COLUMNS[noun], json_wanted=json)

    @group.command()
    def show(name: str, json: AsJson = False, who: As = None) -> None:
        """Show one, with all its facts."""
        document(door(who).get("intake", f"{path}/{name}"), json_wanted=json)

    @group.command("import")
    def import_(
        files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)],
        dry_run: Annotated[bool, typer.Option(help="Check only; publish nothing.")] = False,
        json: AsJson = False,
        who: As = None,
    ) -> None:
        """Submit files (YAML, JSON or CSV) that register some."""
        send(files, dry_run=dry_run, lane="urgent", source=None, json_wanted=json, who=who)

    return group


GROUPS = {noun: _group(noun) for noun in PLURAL}
"""One group of commands a noun."""

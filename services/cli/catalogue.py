"""Commands for products, entities, sites and devices: list, show, import."""

from typing import Annotated, Any

import typer

from services.cli.door import door, part
from services.cli.lazy import group
from services.cli.printing import document, listing, out, table
from services.cli.submissions import DryRun, Files, Manner, send
from services.cli.words import As, AsJson

PLURAL = {"product": "products", "entity": "entities", "site": "sites", "device": "devices"}
COLUMNS = {
    "product": [
        "product.product", "product.name", "product.entity", "product.qualification.kind",
        "product.eu.regime", "product.us.clearance", "product.markets", "retired",
    ],
    "entity": ["entity", "name", "country", "main_establishment.country", "nis2"],
    "site": ["site", "name", "country", "kind"],
    "device": [
        "device.device", "device.product", "device.version", "device.hardware", "device.site",
        "device.market", "device.method", "retired",
    ],
}  # fmt: skip
"""What intake answers of each: products and devices nest, beside whether they are retired."""

SUPPORT = [
    "component", "component_version", "version", "support.ends_on", "days_left", "reason",
    "support.level",
]  # fmt: skip

Name = Annotated[str, typer.Argument(metavar="ID", help="Id, from `ls`.")]


def _group(noun: str) -> typer.Typer:
    """Make the commands of one noun of the catalogue."""
    made = group(f"The catalogue's {PLURAL[noun]}.")

    if noun == "device":
        made.command("ls", help="List devices by id, of a product or at a site.")(_devices)
    else:
        _add_ls(made, noun)
    if noun == "product":
        made.command(
            "show", help="Show one product, with all its facts and the end of its parts' support."
        )(_show_product)
    else:
        _add_show(made, noun)

    @made.command("import", help=f"Submit files (YAML, JSON or CSV) that register {PLURAL[noun]}.")
    def import_(
        files: Files, dry_run: DryRun = False, json: AsJson = False, who: As = None
    ) -> None:
        send(files, Manner(dry_run), who, json_wanted=json)

    return made


def _add_ls(made: typer.Typer, noun: str) -> None:
    @made.command("ls", help=f"List {PLURAL[noun]} by id.")
    def ls(json: AsJson = False, who: As = None) -> None:
        listing(door(who).items("intake", f"/v1/{PLURAL[noun]}"), COLUMNS[noun], json_wanted=json)


def _show_product(name: Name, json: AsJson = False, who: As = None) -> None:
    opened = door(who)
    found = opened.get("intake", f"/v1/products/{part(name)}")
    ends = list(opened.items("sbom-matcher", "/v1/findings", kind="support", product=name))
    if json:
        document({**found, "support_ends": ends}, json_wanted=True)
        return
    document(_flat(found, "product"))
    if ends:
        out.print()
        table(ends, SUPPORT, title="components whose support ends or is over")


def _add_show(made: typer.Typer, noun: str) -> None:
    @made.command("show", help=f"Show one {noun}, with all its facts.")
    def show(name: Name, json: AsJson = False, who: As = None) -> None:
        found = door(who).get("intake", f"/v1/{PLURAL[noun]}/{part(name)}")
        document(found if json else _flat(found, noun), json_wanted=json)


def _flat(found: dict[str, Any], noun: str) -> dict[str, Any]:
    """Put the fields of a product or device beside whether it is retired."""
    held = found[noun]
    return {**held, "retired": found["retired"]} if isinstance(held, dict) else found


def _devices(
    product: Annotated[str | None, typer.Option(help="Of one product.")] = None,
    site: Annotated[str | None, typer.Option(help="At one site.")] = None,
    json: AsJson = False,
    who: As = None,
) -> None:
    rows = door(who).items("intake", "/v1/devices", product=product, site=site)
    listing(rows, COLUMNS["device"], json_wanted=json)


product, entity, site, device = (_group(noun) for noun in PLURAL)

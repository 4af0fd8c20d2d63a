"""What is judged of an SBOM: its components, its graph, and who made it, in any format."""

from dataclasses import dataclass
from datetime import datetime

from schemas.sboms import Component


@dataclass(frozen=True, slots=True)
class Inventory:
    """An SBOM as far as its quality goes.

    `product` is what the graph calls the product, None where it has no reference. `repeated` are
    references that the document gives to more than one component.
    """

    components: tuple[Component, ...]
    edges: tuple[tuple[str, str], ...] = ()
    authors: tuple[str, ...] = ()
    made_at: datetime | None = None
    product: str | None = None
    repeated: tuple[str, ...] = ()

"""What intake already holds of the things that a batch of submissions speaks of.

It is loaded once a batch, decisions are made against it one submission after the other, and what
they changed is saved at the end: a later document of the same batch sees the earlier one's effect.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from schemas.catalogue import EntityRegistered, ProductRegistered, SiteRegistered
from schemas.devices import DeviceRegistered
from schemas.signals import SignalSource
from services.intake.domain.own_products import Own
from services.intake.domain.submission import Status

K = TypeVar("K")
V = TypeVar("V")


class Ledger(Generic[K, V]):
    """Rows by key, and which of them the batch has put anew."""

    __slots__ = ("_rows", "changed")

    def __init__(self, rows: Iterable[tuple[K, V]] = ()) -> None:
        self._rows: dict[K, V] = dict(rows)
        self.changed: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The row under a key, or None."""
        return self._rows.get(key)

    def learn(self, other: "Ledger[K, V]") -> None:
        """Take over rows that were loaded later; what the batch has put meanwhile stays."""
        for key, row in other.rows():
            self._rows.setdefault(key, row)

    def put(self, key: K, row: V) -> None:
        """Replace a row."""
        self._rows[key] = row
        self.changed[key] = row

    def rows(self) -> Iterator[tuple[K, V]]:
        """Every row with its key."""
        yield from self._rows.items()


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """The last bytes that came under a source and name, and what became of them.

    `person` is who gave them as their own word, if somebody did.
    """

    digest: str
    submission: UUID
    status: Status
    person: str | None = None


@dataclass(frozen=True, slots=True)
class HeldAdvisory:
    """An advisory as last published; `modified_at` is the newest date its source gave it."""

    source: str
    digest: str
    modified_at: datetime | None
    withdrawn: bool
    submission: UUID


@dataclass(frozen=True, slots=True)
class HeldSignal:
    """A piece of evidence; `catalogued` once a whole catalogue has listed it, not just a record."""

    identifier: str
    source: SignalSource
    reporter: str
    standing: bool
    catalogued: bool
    ransomware: bool | None
    received_at: datetime
    backfill: bool


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A registered product, entity, site, device or report as last accepted."""

    digest: str
    value: ProductRegistered | EntityRegistered | SiteRegistered | DeviceRegistered | None
    accepted_at: datetime
    retired: bool = False


@dataclass(frozen=True, slots=True)
class HeldProduct:
    """By which names a product is known, and its versions."""

    product: str
    names: frozenset[str]
    versions: frozenset[str]
    retired: bool = False


@dataclass(frozen=True, slots=True)
class HeldSbom:
    """The inventory of a product version as last published; `purl` is what it calls the product."""

    sbom: str
    digest: str
    submission: UUID
    revision: int = 1
    purl: str | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """An SBOM as the registry keeps it for ever; `original` is the SHA-256 of its document."""

    sbom: str
    digest: str
    original: str
    size: int
    format: str
    format_version: str
    components: int
    submission: UUID
    source: str
    submitted_by: str | None
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A submission that waits for products; `waits_for` is what a newer one would replace."""

    submission: UUID
    needs: frozenset[str]
    waits_for: tuple[str, str] | None


@dataclass(slots=True)
class Shelf:
    """The ledgers of one batch."""

    documents: Ledger[tuple[str, str], HeldDocument] = field(default_factory=Ledger)
    advisories: Ledger[str, HeldAdvisory] = field(default_factory=Ledger)
    signals: Ledger[str, HeldSignal] = field(default_factory=Ledger)
    feeds: Ledger[str, datetime] = field(default_factory=Ledger)
    products: Ledger[str, HeldProduct] = field(default_factory=Ledger)
    rows: Ledger[str, HeldRow] = field(default_factory=Ledger)
    sboms: Ledger[tuple[str, str, str], HeldSbom] = field(default_factory=Ledger)
    revisions: Ledger[tuple[str, str, str, int], Revision] = field(default_factory=Ledger)
    waiting: Ledger[UUID, Waiting] = field(default_factory=Ledger)
    own: Ledger[str, Own] = field(default_factory=Ledger)

    def named(self, reference: str) -> list[HeldProduct]:
        """The products that a reference may mean: the one with that id, else all with that name."""
        exact = self.products.get(reference)
        if exact is not None and not exact.retired:
            return [exact]
        wanted = reference.lower()
        return [p for _, p in self.products.rows() if wanted in p.names and not p.retired]

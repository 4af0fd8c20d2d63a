"""Counts coverage: which devices are in the denominator, and what each printed number means."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from schemas.campaigns import cell_key
from schemas.devices import DeviceState, Method
from services.deployment_tracker.domain.standing import COVERED, Bucket, bucket

DEFINITION = (
    "verified coverage = devices VERIFIED or ALREADY_AT_VERSION / devices in scope less RETIRED; "
    "installed, acknowledged or notified devices are not covered"
)
"""Printed beside every coverage number."""

FORGOTTEN_AFTER = timedelta(days=30)
"""How long the topic keeps a campaign's cells once it ended; PostgreSQL keeps them for good."""


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """The coordinates that devices of a campaign are counted by."""

    campaign: str
    product: str
    version: str
    hardware: str
    market: str
    method: Method
    wave: int

    @property
    def key(self) -> str:
        """The key of its records on the topic."""
        return cell_key(
            self.campaign, self.product, self.version, self.hardware, self.market, self.method,
            self.wave,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Coverage:
    """The counts of a set of devices; `share` is None where there is no device to divide by."""

    total: int
    covered: int
    states: Mapping[DeviceState, int]
    buckets: Mapping[Bucket, int]

    @property
    def share(self) -> float | None:
        """Verified coverage from 0 to 1."""
        return None if self.total == 0 else self.covered / self.total


def coverage(counts: Mapping[DeviceState, int]) -> Coverage:
    """Turn counts by state into coverage. RETIRED leaves the denominator."""
    states = {state: n for state, n in counts.items() if n}
    inside = {state: n for state, n in states.items() if state is not DeviceState.RETIRED}
    buckets: Counter[Bucket] = Counter()
    for state, n in inside.items():
        buckets[bucket(state)] += n
    return Coverage(
        total=sum(inside.values()),
        covered=sum(n for state, n in inside.items() if state in COVERED),
        states=states,
        buckets=buckets,
    )


@dataclass(frozen=True, slots=True, order=True)
class Delta:
    """A change of one counter."""

    cell: Cell
    state: DeviceState
    n: int


def deltas(moves: Iterable[tuple[Cell, DeviceState | None, DeviceState]]) -> list[Delta]:
    """Sum devices' moves (cell, from, to) to one change a counter, in key order.

    `from` is None for a device that entered the campaign. Changes that cancel out are left out.
    """
    sums: Counter[tuple[Cell, DeviceState]] = Counter()
    for cell, before, after in moves:
        if before is not None:
            sums[cell, before] -= 1
        sums[cell, after] += 1
    return sorted(Delta(cell, state, n) for (cell, state), n in sums.items() if n)

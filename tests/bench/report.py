"""What a benchmark writes: figures as JSON, each with the bar it is held against."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

RESULTS = Path("bench") / "results"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `bar` is what is asked; `baseline` the same work done the plain way."""

    name: str
    value: float
    unit: str
    better: Literal["lower", "higher"]
    bar: float | None = None
    baseline: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the bar is reached; None where there is none."""
        if self.bar is None:
            return None
        return self.value <= self.bar if self.better == "lower" else self.value >= self.bar


def write(bench: str, figures: Iterable[Figure]) -> Path:
    """Write a benchmark's figures where `make bench` reads them."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    target = RESULTS / f"{bench}.json"
    document = {"bench": bench, "figures": [asdict(figure) for figure in figures]}
    target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return target


def read(bench: str) -> list[Figure]:
    """Read a benchmark's last figures."""
    document = json.loads((RESULTS / f"{bench}.json").read_text(encoding="utf-8"))
    return [Figure(**each) for each in document["figures"]]


def percentile(values: Iterable[float], share: float) -> float:
    """Give the value below which `share` (0 to 1) of the values lie, the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

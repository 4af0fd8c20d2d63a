"""Runs benchmarks one by one and prints one table: `python -m tests.bench [NAME]`."""

import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.report import Figure, read

ORDER = (
    "fleet_boot", "versions", "page_latency", "intake_rate", "kit_batches", "matching", "alarms",
    "one_shot", "matching_flow",
)  # fmt: skip
"""Every benchmark, the quick ones first."""

console = Console(highlight=False)


def main(wanted: list[str]) -> int:
    """Run the wanted benchmarks, by default all; exits 1 where one did not run."""
    unknown = [name for name in wanted if name not in ORDER]
    if unknown:
        console.print(f"no benchmark {', '.join(unknown)}; there are {', '.join(ORDER)}")
        return 2
    broken = []
    table = Table(box=None)
    for column in ("bench", "figure", "value", "bar", "baseline", "ratio", ""):
        table.add_column(column, justify="right" if column in {"value", "bar", "ratio"} else "left")
    for name in wanted or ORDER:
        console.print(f"measuring {name} …")
        done = subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False)
        if done.returncode:
            broken.append(name)
            continue
        for figure in read(name):
            table.add_row(name, *_row(figure))
    console.print(table)
    for name in broken:
        console.print(f"[bold red]{name} did not run to its end[/]")
    return 1 if broken else 0


def _row(figure: Figure) -> tuple[str, ...]:
    bar = "" if figure.bar is None else f"{'≤' if figure.better == 'lower' else '≥'} {figure.bar:g}"
    ratio = "" if not figure.baseline else f"{figure.value / figure.baseline:.2f}"
    verdict = {None: "", True: "[green]holds[/]", False: "[bold red]falls short[/]"}[figure.holds]
    baseline = "" if figure.baseline is None else f"{figure.baseline:,.4g}"
    return figure.name, f"{figure.value:,.4g} {figure.unit}", bar, baseline, ratio, verdict


if __name__ == "__main__":
    if not Path("pyproject.toml").exists():
        sys.exit("run it in the project's folder")
    sys.exit(main(sys.argv[1:]))

"""Writes the last measured figures into the README: `python -m tests.bench.page`."""

from pathlib import Path

from tests.bench.report import RESULTS, Figure, read

BEGIN = "<!-- begin numbers: written by tests/bench/page.py -->"
END = "<!-- end numbers -->"
ELSEWHERE = {"versions"}
"""Benchmarks whose table stands in docs/matching.md."""


def number(value: float) -> str:
    """Write a figure for readers: three or four digits that count."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def row(bench: str, figure: Figure) -> str:
    """Write one figure with the command that measures it again."""
    sign = "at most" if figure.better == "lower" else "at least"
    bar = "" if figure.bar is None else f"{sign} {number(figure.bar)}"
    baseline = "" if figure.baseline is None else number(figure.baseline)
    value = f"{number(figure.value)} {figure.unit}"
    return f"| {figure.name} | {value} | {bar} | {baseline} | `make bench B={bench}` |"


def table(benches: list[str]) -> str:
    """Write the figures of these benchmarks that are held to something as a table."""
    head = ["| what | measured | asked | the plain way | again with |", "|---|---|---|---|---|"]
    held = [
        row(bench, figure) for bench in benches for figure in read(bench) if figure.bar is not None
    ]
    return "\n".join(head + held)


def filled(page: str, benches: list[str]) -> str:
    """Put the table between the page's marks.

    Raises:
        ValueError: the page lacks a mark.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n{table(benches)}\n{END}{after}"


if __name__ == "__main__":
    readme = Path("README.md")
    measured = sorted({path.stem for path in RESULTS.glob("*.json")} - ELSEWHERE)
    readme.write_text(filled(readme.read_text("utf-8"), measured), "utf-8")

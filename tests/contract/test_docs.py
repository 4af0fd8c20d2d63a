"""The documents name only tests, commands, pages and decisions that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from services.cli import manual
from tests.bench import page as numbers
from tests.bench.report import Figure

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))

TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| ([AB])(\d+) \|")
FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.])/(?:work|root|tmp|home|Users)/",
    "a folder beside the repository": r"\.\./shared",
    "a registry's host": r"pypi\.org|pythonhosted\.org|npmjs\.|maven\.org|maven\.apache\.org|"
    r"docker\.io|ghcr\.io|proxy\.golang\.org",
    "a word on how the text was made": r"(?i)\b(?:sub-?agents?|chatbots?|language models?)\b",
}


def text(page: Path) -> str:
    return page.read_text("utf-8")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def functions(path: Path) -> frozenset[str]:
    """Name every test function of a file, so that a mere mention is not taken for one."""
    if not path.is_file():
        return frozenset()
    tree = ast.parse(text(path))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def missing_tests(page: Path) -> list[str]:
    return [
        f"{path}::{test}"
        for path, test in TEST.findall(text(page))
        if not test.startswith("test_") or test not in functions(ROOT / path)
    ]


@cache
def headings(page: Path) -> frozenset[str]:
    """Spell a page's headings as links name them."""
    found = re.findall(r"^#+ (.+)$", FENCE.sub("", text(page)), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in found)


def links(page: Path) -> list[tuple[str, Path, str]]:
    """Give a page's relative links: as written, the file, the heading."""
    found = []
    for target in LINK.findall(FENCE.sub("", text(page))):
        if not re.match(r"[a-z]+:", target):
            path, _, heading = target.partition("#")
            found.append((target, (page.parent / path).resolve() if path else page, heading))
    return found


def article_rows() -> list[tuple[str, int, list[str]]]:
    rows = []
    for line in text(DOCS / "articles.md").splitlines():
        if match := ROW.match(line):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            rows.append((match[1], int(match[2]), cells))
    return rows


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    assert missing_tests(page) == []


def test_every_row_of_the_articles_names_a_test_or_is_planned() -> None:
    rows = article_rows()
    assert {article for article, _, _ in rows} == {"A", "B"}
    bare = [
        f"{article}{number}"
        for article, number, cells in rows
        if len(cells) != 4 or not all(cells) or not (cells[3] == "planned" or TEST.search(cells[3]))
    ]
    assert bare == []


def test_rows_of_the_articles_are_counted_without_a_hole() -> None:
    for article in "AB":
        numbers = [number for each, number, _ in article_rows() if each == article]
        assert numbers == list(range(1, len(numbers) + 1))


def test_every_table_line_of_the_articles_is_a_counted_row() -> None:
    lines = [line for line in text(DOCS / "articles.md").splitlines() if line.startswith("|")]
    strangers = [
        line
        for line in lines
        if not ROW.match(line) and line not in {"| id | asks | where | test |", "|---|---|---|---|"}
    ]
    assert strangers == []


def test_each_of_the_thirteen_invariants_names_its_tests() -> None:
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| (.+) \|$", text(DOCS / "invariants.md"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 14))
    assert [number for number, tests in rows if not TEST.search(tests)] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_in_the_docs_leads_somewhere(page: Path) -> None:
    dead = [
        written
        for written, target, heading in links(page)
        if not target.exists() or (heading and heading not in headings(target))
    ]
    assert dead == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            waiting += [to for _, to, _ in links(page) if to.suffix == ".md" and to.exists()]
    assert [name(page) for page in PAGES if page not in reached] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_says_what_does_not_belong_into_it(page: Path) -> None:
    found = {what: re.findall(pattern, text(page)) for what, pattern in FORBIDDEN.items()}
    assert {what: hits for what, hits in found.items() if hits} == {}


def test_decisions_have_a_number_of_their_own() -> None:
    numbers = [page.name[:3] for page in DECISIONS]
    assert len(set(numbers)) == len(numbers)
    assert all(number.isdecimal() for number in numbers)


@pytest.mark.parametrize("page", DECISIONS, ids=name)
def test_a_decision_is_short_says_its_cost_and_bears_its_number(page: Path) -> None:
    lines = text(page).splitlines()
    assert lines[0].startswith(f"# {page.name[:3]}: ")
    assert any(line.startswith("Cost: ") for line in lines)
    assert len(lines) <= 24


def test_the_page_of_commands_is_what_the_command_line_offers() -> None:
    page = text(DOCS / "cli.md")
    assert page == manual.filled(page), "run `make schemas`"


def unknown_commands(page: Path) -> list[str]:
    """Find what a page tells people to type that the command line does not offer."""
    offered = [tuple(re.findall(r" ([a-z]+)", line.call)) for line in manual.lines()]
    found = re.findall(r"(?:`|^\$ )patchvigil((?: [a-z]+)+)", text(page), re.MULTILINE)
    typed = {tuple(words.split()) for words in found}
    return [
        " ".join(words)
        for words in sorted(typed)
        if not any(words[: len(each)] == each[: len(words)] for each in offered)
    ]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_that_a_page_tells_to_type_exists(page: Path) -> None:
    assert unknown_commands(page) == []


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks"):
        manual.filled("# The command line\n")


def test_the_readme_has_room_for_numbers_and_each_says_how_to_measure_it_again() -> None:
    readme = numbers.filled(text(ROOT / "README.md"), [])
    assert readme.count(numbers.BEGIN) == readme.count(numbers.END) == 1
    assert numbers.filled(readme, []) == readme
    figure = Figure("from append to page, p99", 812.4, "ms", "lower", bar=1000)
    row = "| from append to page, p99 | 812.4 ms | at most 1,000 |  | `make bench B=page_latency` |"
    assert numbers.row("page_latency", figure) == row
    with pytest.raises(ValueError, match="lacks"):
        numbers.filled("# Patchvigil\n", [])


def test_a_link_a_test_a_command_and_a_path_that_are_wrong_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "[x](gone.md) [y](#there) `tests/contract/test_docs.py::test_gone` `patchvigil case burn`\n"
        "# Here\n`patchvigil case` `patchvigil case show PV-2026-0001`\n"
        "$ patchvigil tail cases clocks\n"
    )
    assert unknown_commands(page) == ["case burn"]
    assert missing_tests(page) == ["tests/contract/test_docs.py::test_gone"]
    assert [target.exists() for _, target, _ in links(page)] == [False, True]
    assert "there" not in headings(page)
    somebodys = Path("/") / "home" / "somebody"
    assert re.search(FORBIDDEN["a path of somebody's machine"], f"see {somebodys}")

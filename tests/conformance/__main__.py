"""Scores a command line by the cases: `python -m tests.conformance COMMAND…`; see README.md."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from tests.conformance.asking import TemplateError, asked, checked
from tests.conformance.cases import FIELDS, Case, Verdict, cases


def main(arguments: Sequence[str]) -> int:
    """Ask, judge and report: 0 where all is right, 1 where it is not, 2 on wrong usage."""
    options = _options().parse_args(arguments)
    try:
        template = checked(options.command)
    except TemplateError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    rules = yaml.safe_load(options.rules.read_text("utf-8")) if options.rules else None
    names = {"due_operational": options.operational, "due_legal_outer": options.outer}
    chosen = [each for each in cases() if _wanted(each, options)]
    if not chosen:
        print("no case is chosen: see --group and --case", file=sys.stderr)  # noqa: T201
        return 2
    with ThreadPoolExecutor(options.jobs) as pool:
        verdicts = list(pool.map(lambda case: asked(template, case, rules, names), chosen))
    print(_as_json(verdicts) if options.json else _report(verdicts))  # noqa: T201
    return 0 if _points(verdicts) == _most(verdicts) else 1


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--operational", default=FIELDS[0], help="dotted name of that field")
    parser.add_argument("--outer", default=FIELDS[1], help="dotted name of that field")
    parser.add_argument(
        "--rules", type=Path, help="YAML: our rule id to yours; others: not offered"
    )
    parser.add_argument("--group", action="append", help="only cases of this group; repeatable")
    parser.add_argument("--case", action="append", help="only this case; repeatable")
    parser.add_argument("--jobs", type=int, default=2, help="how many commands at once")
    parser.add_argument("--json", action="store_true", help="report as JSON")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="with {rule}, {fact} and so on")
    return parser


def _wanted(case: Case, options: argparse.Namespace) -> bool:
    return case.group in (options.group or [case.group]) and case.id in (options.case or [case.id])


def _points(verdicts: Sequence[Verdict]) -> int:
    return sum(len(each.right) for each in verdicts)


def _most(verdicts: Sequence[Verdict]) -> int:
    return len(verdicts) * len(FIELDS)


def _percent(verdicts: Sequence[Verdict]) -> float:
    return 100 * _points(verdicts) / _most(verdicts)


def _report(verdicts: Sequence[Verdict]) -> str:
    lines = []
    for each in verdicts:
        if len(each.right) < len(FIELDS):
            lines += [f"{each.case.id}: {each.case.rule}: {each.said}", f"    {each.case.law}"]
    groups = Counter(each.case.group for each in verdicts)
    for group in groups:
        mine = [each for each in verdicts if each.case.group == group]
        lines.append(f"{group:15} {_points(mine):4} of {_most(mine):4}")
    lines.append(
        f"{'score':15} {_points(verdicts):4} of {_most(verdicts):4}   {_percent(verdicts):.1f} %"
    )
    return "\n".join(lines)


def _as_json(verdicts: Sequence[Verdict]) -> str:
    answers = [
        {"case": each.case.id, "rule": each.case.rule, "right": sorted(each.right),
         "said": each.said}
        for each in verdicts
    ]  # fmt: skip
    return json.dumps(
        {
            "points": _points(verdicts),
            "of": _most(verdicts),
            "percent": _percent(verdicts),
            "cases": answers,
        },
        indent=2,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

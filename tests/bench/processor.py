"""Reads how much processor time processes have used: other programs on the machine add nothing."""

import os
from collections import defaultdict
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def seconds(pid: int) -> float:
    """Give what a process has used, its threads included.

    Raises:
        OSError: there is no such process.
    """
    return _read(pid)[1]


def seconds_below(root: int) -> float:
    """Give what a process and all that descend from it have used, as far as they still run."""
    children: dict[int, list[int]] = defaultdict(list)
    used: dict[int, float] = {}
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            try:
                parent, used[int(each.name)] = _read(int(each.name))
            except OSError:  # it ended meanwhile
                continue
            children[parent].append(int(each.name))
    found, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        found += used.get(pid, 0.0)
        waiting += children[pid]
    return found


def _read(pid: int) -> tuple[int, float]:
    """Give a process's parent and its seconds in user and kernel mode."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    fields = stat.rsplit(")", 1)[1].split()
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / _TICKS

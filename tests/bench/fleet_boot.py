"""How long the fleet takes to be ready, what an idle service weighs, and how long the demo takes.

`python -m tests.bench.fleet_boot` writes bench/results/fleet_boot.json. Set-up (packages, Kafka's
jars, the first initdb) is done before the boot is timed, as a second start finds it.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.embedded import fleet
from schemas.topics import SERVICES
from tests.bench import processor
from tests.bench.report import Figure, write

MEGABYTE = 1024 * 1024
_IDLE_SECONDS = 15.0


def main() -> None:
    """Measure and write the figures."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        first = _boot(home)[0]
        again, weights, work = _boot(home)
        demo = _demo(Path(folder) / "demo")
    write(
        "fleet_boot",
        [
            Figure("boot of the whole fleet, set-up done", again, "s", "lower", bar=10),
            Figure("boot of the whole fleet, first time in a home", first, "s", "lower"),
            Figure("heaviest idle service", max(weights), "MB", "lower", bar=150),
            Figure("idle fleet's processor use", work, "% of one core", "lower"),
            Figure("cold demo, packages installed", demo, "s", "lower", bar=300),
        ],
    )


def _boot(home: Path) -> tuple[float, list[float], float]:
    """Start the fleet; give the seconds until ready, each idle service's MB, and its CPU use."""
    began = time.perf_counter()
    with fleet.run(home, say=lambda _: None) as running:
        took = time.perf_counter() - began
        time.sleep(_IDLE_SECONDS)
        pids = [running.pid(service) for service in SERVICES]
        before, at = sum(map(processor.seconds, pids)), time.perf_counter()
        time.sleep(_IDLE_SECONDS)
        used = (sum(map(processor.seconds, pids)) - before) / (time.perf_counter() - at) * 100
        return took, [_resident(pid) for pid in pids], used


def _resident(pid: int) -> float:
    """Give a process's resident memory in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def _demo(home: Path) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-m", "deploy.demo", "--home", str(home)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()

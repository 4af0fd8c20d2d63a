"""The last act: the fleet checks itself."""

import time
from typing import Any

from deploy.demo.stage import Stage

_PATIENCE, _PAUSE = 30.0, 0.5


def sound(stage: Stage) -> None:
    """Check that the fleet holds together: joins, counters, audit chains, no stuck record."""
    stage.scene(11, "The fleet checks itself")
    for service in stage.urls:
        found = _differences(stage, service)
        stage.check(f"{service}: reconcile finds no difference", passed=not found, found=len(found))
        verdict = stage.get(service, "/v1/audit/verify")
        stage.check(
            f"{service}: the audit chain is intact",
            passed=verdict["intact"],
            found=f"{verdict['sealed']} rows",
        )
        stuck = stage.get(service, "/v1/quarantine")["items"]
        stage.check(f"{service}: nothing is quarantined", passed=not stuck, found=len(stuck))
        stage.say(
            service,
            f"{len(found)} differences, {verdict['sealed']} audit rows, {len(stuck)} quarantined",
            "every join recomputed, the chain of hashes followed",
        )


def _differences(stage: Stage, service: str) -> list[Any]:
    """Look again while something differs: simulated time runs on, and facts are on their way."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        found: list[Any] = stage.get(service, "/v1/reconcile")["differences"]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(_PAUSE)

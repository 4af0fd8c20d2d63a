"""The last act: the fleet checks itself."""

from deploy.demo.stage import Stage


def sound(stage: Stage) -> None:
    """Check that the fleet holds together: joins, counters, audit chains, no stuck record."""
    stage.scene(11, "The fleet checks itself")
    for service in stage.urls:
        found = stage.get(service, "/v1/reconcile")["differences"]
        stage.check(f"{service}: reconcile finds no difference", passed=not found, found=len(found))
        verdict = stage.get(service, "/v1/audit/verify")
        stage.check(
            f"{service}: the audit chain is intact",
            passed=verdict["intact"],
            found=f"{verdict['sealed']} rows",
        )
        stuck = stage.get(service, "/v1/quarantine")["items"]
        stage.check(f"{service}: nothing is quarantined", passed=not stuck, found=len(stuck))

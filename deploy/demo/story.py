"""The story in order: from an advisory to a paged engineer, a filing and a covered fleet."""

from deploy.demo.acts import alarm, decisions, filing, rollout, soundness
from deploy.demo.fleet_reports import Reporter
from deploy.demo.stage import Stage


def play(stage: Stage, reporter: Reporter) -> None:
    """Play all acts; each ends in checks against the running system."""
    stage.legend()
    case = alarm.advisory(stage)
    alarm.signal(stage, case)
    alarm.escalation(stage, case)
    alarm.assessment(stage, case)
    filing.draft_and_filing(stage, case)
    measure = rollout.gates(stage, case)
    decisions.us_806(stage, case)
    rollout.waves(stage, reporter, measure)
    rollout.available(stage, reporter, case, measure)
    decisions.closing(stage, case)
    soundness.sound(stage)

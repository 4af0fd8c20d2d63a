"""The command `patchvigil`: nouns, then verbs.

Exit statuses: 0 done; 1 refused, or a check found something; 2 wrong usage; 3 a service cannot be
reached; 4 not allowed; 5 a service failed.
"""

import sys

import typer

from services.cli import (
    alerts,
    audit,
    campaigns,
    cases,
    catalogue,
    clocks,
    drafts,
    findings,
    fleet,
    quarantine,
    submissions,
    tail,
    topics,
)
from services.cli.door import RefusedError
from services.cli.printing import err

commands = typer.Typer(
    name="patchvigil",
    help=__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
commands.add_typer(fleet.app)
commands.add_typer(submissions.app)
commands.add_typer(submissions.submission, name="submission")
for name, group in catalogue.GROUPS.items():
    commands.add_typer(group, name=name)
commands.add_typer(findings.app, name="finding")
commands.add_typer(cases.app, name="case")
commands.add_typer(clocks.app, name="clock")
commands.add_typer(drafts.app, name="draft")
commands.add_typer(alerts.app, name="alert")
commands.add_typer(alerts.oncall, name="oncall")
commands.add_typer(campaigns.app, name="campaign")
commands.add_typer(campaigns.coverage, name="coverage")
commands.add_typer(tail.app)
commands.add_typer(quarantine.app, name="quarantine")
commands.add_typer(topics.app, name="topics")
commands.add_typer(audit.app, name="audit")


def app() -> None:
    """Run a command; what was refused is said with its mend, never as a traceback."""
    try:
        commands()
    except RefusedError as error:
        err.print(f"[bold red]refused[/] {error}", markup=True)
        if error.mend:
            err.print(f"  what to do: {error.mend}")
        sys.exit(error.status)


if __name__ == "__main__":
    app()

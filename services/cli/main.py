"""The command `patchvigil`: nouns, then verbs."""

from importlib import import_module
from typing import Annotated

import typer

from services.cli.lazy import HELP_OPTIONS, Entry, LazyGroup

LazyGroup.TABLE = {
    "up": Entry("machine:up", "Start the servers and the six services, and keep them."),
    "down": Entry("machine:down", "Stop the fleet that runs on this machine."),
    "status": Entry("health:status", "Show whether each service is ready, and what waits."),
    "doctor": Entry("doctor:doctor", "Say what is wrong with the fleet, and how to mend it."),
    "reconcile": Entry("health:reconcile", "Recompute every join; the differences must be none."),
    "submit": Entry("submissions:submit", "Submit documents: advisories, SBOMs, reports."),
    "submission": Entry("submissions:submission", "What became of submitted documents."),
    "product": Entry("catalogue:product", "The catalogue's products."),
    "entity": Entry("catalogue:entity", "The catalogue's entities."),
    "site": Entry("catalogue:site", "The catalogue's sites."),
    "contact": Entry("contacts:app", "Personal data under a reference: show, erase."),
    "device": Entry("catalogue:device", "The catalogue's devices."),
    "vulnerability": Entry("knowledge:vulnerability", "What advisories say of a vulnerability."),
    "where": Entry("where:where", "Which products, versions and sites contain a component."),
    "match": Entry("match:match", "Match an SBOM against advisory files, without a fleet."),
    "sbom": Entry("sbom:app", "SBOMs: in files, and in the registry of a running fleet."),
    "versions": Entry("versions:app", "The order of versions, in every ecosystem."),
    "finding": Entry("findings:app", "Findings and their evidence."),
    "case": Entry("cases:app", "The file of each vulnerability, report or incident."),
    "clock": Entry("clocks:app", "Obligations and their deadlines."),
    "pack": Entry("packs:app", "The rules that clocks follow: law, guidance and policy."),
    "draft": Entry("drafts:app", "Prepared notifications. Nothing is ever sent."),
    "filing": Entry("letters:filing", "What people handed to authorities."),
    "notice": Entry("letters:notice", "What customers were told."),
    "request": Entry("letters:request", "What authorities asked for."),
    "alert": Entry("alerts:app", "Who was told what, and who answered."),
    "drill": Entry("drills:app", "Exercises of the paging path, marked as such everywhere."),
    "oncall": Entry("alerts:oncall", "Who is on call."),
    "signer": Entry("releases:signer", "Keys that sign releases, for gates to verify with."),
    "release": Entry("releases:release", "Signed images that campaigns roll out."),
    "campaign": Entry("campaigns:app", "Rollouts of measures."),
    "coverage": Entry("coverage:app", "How far a measure verifiably is."),
    "tail": Entry("tail:tail", "Follow topics, knowing the contracts."),
    "quarantine": Entry("quarantine:app", "Records that a service could not handle."),
    "setback": Entry("setbacks:app", "What a database forgot that was restored from a backup."),
    "topics": Entry("topics:app", "Topics and access rules as schemas/topics.py says."),
    "audit": Entry("audit:app", "Who did what, chained by hash."),
}

commands = typer.Typer(
    name="patchvigil",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=HELP_OPTIONS,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        metadata = import_module("importlib.metadata")  # slow, and only this needs it
        typer.echo(f"patchvigil {metadata.version('patchvigil')}")
        raise typer.Exit


@commands.callback()
def patchvigil(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_say_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Watch vulnerabilities of fielded products: cases, clocks, drafts, alerts and rollouts.

    Answers are tables on a terminal, one line a row in a pipe, and JSON with --json. What is
    refused is said on stderr: the field, the reason and what to do.

    Exit statuses: 0 done; 1 refused, or a check found something; 2 wrong usage; 3 a service
    cannot be reached; 4 not allowed; 5 a service failed.

    Environment: PATCHVIGIL_HOME is the fleet's folder on this machine (default .patchvigil);
    PATCHVIGIL_<SERVICE>_URL points at a service elsewhere, such as PATCHVIGIL_TRIAGE_URL;
    PATCHVIGIL_TOKEN is your bearer token; PATCHVIGIL_PRINCIPAL, or --as, acts as one whose token
    the home holds.
    """


def app() -> None:
    """Run the command line."""
    commands()


if __name__ == "__main__":
    app()

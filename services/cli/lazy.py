"""Loads a command's module when it is called: `--help` and completion need none of them."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from services.cli.ending import resources
from services.cli.refusal import Exit, RefusedError

_SENTENCE = 300
"""More characters than a first sentence has."""

_OURS = frozenset({"deploy", "schemas", "services"})

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is, as `module:name` below services.cli, and its line in the help."""

    target: str
    line: str

    def load(self, name: str) -> Any:
        """Import the command: a group of verbs, or one function."""
        module, _, attribute = self.target.partition(":")
        found = getattr(import_module(f"services.cli.{module}"), attribute)
        command = get_group(found) if isinstance(found, typer.Typer) else _single(found)
        command.name = name
        return command


class Verbs(TyperGroup):
    """A group whose help says of each verb all that its first sentence says, on several lines."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of verbs."""
        verbs = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, verb.get_short_help_str(_SENTENCE)) for name, verb in verbs if verb]
            )


def group(text: str) -> typer.Typer:
    """Make a group of verbs, to which commands are added."""
    return typer.Typer(
        cls=Verbs, help=text, no_args_is_help=True, add_completion=False, rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )  # fmt: skip


def _single(function: Callable[..., None]) -> Any:
    made = group("")
    made.command()(function)
    return get_command(made)


def _lacking(error: ModuleNotFoundError) -> RefusedError:
    """Say what is not installed: `pip install patchvigil` alone brings no readers of formats.

    Raises:
        ModuleNotFoundError: it is a module of ours, which no installation lacks.
    """
    if (error.name or "").partition(".")[0] in _OURS:
        raise error
    return RefusedError(
        Exit.REFUSED,
        "this installation cannot do that",
        f"the module {error.name} is not installed",
        "install `patchvigil[intake]` for commands on files, `patchvigil[all]` for a whole fleet",
    )


class LazyGroup(TyperGroup):
    """The top of the command line; `TABLE` is set before it is used."""

    TABLE: ClassVar[dict[str, Entry]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Name the commands in the table's order."""
        del ctx
        return list(self.TABLE)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a command the first time it is asked for."""
        del ctx
        if cmd_name not in self.commands and cmd_name in self.TABLE:
            self.commands[cmd_name] = self.TABLE[cmd_name].load(cmd_name)
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; of one that there is not, name those that are spelt alike."""
        if args[0] not in self.TABLE:
            near = " or ".join(map(repr, get_close_matches(args[0], self.TABLE)))
            hint = f" Did you mean {near}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands without importing one."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.line) for name, entry in self.TABLE.items()])

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what is refused is said with its mend on stderr, never as a traceback."""
        try:
            with resources:
                return super().invoke(ctx)
        except RefusedError as error:
            typer.echo(error.text, err=True)
            raise typer.Exit(error.status) from error
        except ModuleNotFoundError as error:
            lacking = _lacking(error)
            typer.echo(lacking.text, err=True)
            raise typer.Exit(lacking.status) from error

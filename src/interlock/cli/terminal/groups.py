"""Groups of commands: each command is imported when it is called."""

import difflib
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import ClassVar, cast

import click

from interlock.cli.terminal.console import listed
from interlock.errors import UsageError


class Group(click.Group):
    """Commands whose help stands here, so that the list of them imports none.

    Subclasses name the package of the commands: each is in a module of its name.
    """

    home: ClassVar[str]
    helps: ClassVar[Mapping[str, str]]

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """List the commands in the order of the help."""
        return list(self.helps)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """Import a command."""
        if cmd_name not in self.helps:
            return None
        module = import_module(f"{self.home}.{cmd_name}")
        return cast(click.Command, getattr(module, cmd_name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may be meant."""
        if args and args[0] not in self.helps and not args[0].startswith("-"):
            raise no_command(f"{ctx.info_name} {args[0]}", args[0], there=self.helps)
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.helps.items()), col_max=12)


def no_command(shown: str, name: str, *, there: Iterable[str]) -> UsageError:
    """Say that there is no such command, and which one may be meant."""
    near = difflib.get_close_matches(name, there, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"there are: {listed(there)}"
    return UsageError(f"there is no command `{shown}`", hint=hint)

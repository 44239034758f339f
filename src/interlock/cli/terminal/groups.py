"""Groups of commands: each command is imported when it is called."""

from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar, cast

import click


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

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.helps.items()), col_max=12)

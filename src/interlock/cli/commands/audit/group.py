"""The group of the commands for auditors."""

from importlib import import_module
from typing import cast, final

import click

from interlock.cli.options import example

COMMANDS: dict[str, str] = {
    "init": "Make the key that signs the log of a store.",
    "keys": "List the public keys of a log, or replace them.",
    "checkpoint": "Sign the log of a store as it is now.",
    "publish": "Sign the log of a store, and write it into a folder.",
    "verify": "Verify the log of a store, and what confirms it.",
    "report": "Report what happened in a period.",
    "receipt": "Prove to others what happened in a run.",
    "check": "Check a receipt with public keys alone.",
    "erase": "Destroy what a run holds, and keep every proof.",
    "witness": "Cosign the logs of others.",
    "verifier": "Write the verifier that needs no Interlock.",
}
"""The commands of the group. Their help is here, so that the list imports none."""


@final
class Group(click.Group):
    """Commands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """List the commands in the order of the help."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"interlock.cli.commands.audit.{cmd_name}")
        return cast(click.Command, getattr(module, cmd_name))

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()), col_max=12)


@click.command(cls=Group, epilog=example("interlock audit report --since 30d"))
def audit() -> None:
    """Tell auditors what happened, and give them what proves it."""

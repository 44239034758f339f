"""The group of the commands for what is kept and what goes."""

from typing import final

import click

from interlock.cli.terminal.groups import Group
from interlock.cli.terminal.options import example

COMMANDS: dict[str, str] = {
    "status": "Say what is kept for how long, and what is due.",
    "prune": "Destroy what is due; proofs stay valid.",
    "hold": "Keep runs from being pruned or erased.",
}


@final
class RetentionGroup(Group):
    """The commands for what is kept and what goes."""

    home = "interlock.cli.commands.retention"
    helps = COMMANDS


@click.command(cls=RetentionGroup, epilog=example("interlock retention status"))
def retention() -> None:
    """Keep what has to be kept, and destroy what is over."""

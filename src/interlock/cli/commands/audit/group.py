"""The group of the commands for auditors."""

from typing import final

import click

from interlock.cli.terminal.groups import Group
from interlock.cli.terminal.options import example

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
class AuditGroup(Group):
    """The commands for auditors."""

    home = "interlock.cli.commands.audit"
    helps = COMMANDS


@click.command(cls=AuditGroup, epilog=example("interlock audit report --since 30d"))
def audit() -> None:
    """Tell auditors what happened, and give them what proves it."""

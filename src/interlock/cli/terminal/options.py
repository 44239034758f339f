"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from interlock.cli.terminal.people import user
from interlock.journal import Principal, principal_of

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

APP_HELP = "Where the actions are: a Registry or a list of actions, as MODULE:NAME."
STORE_HELP = "Where the journal is; .interlock/journal.db unless told."


def app_option(command: CommandT) -> CommandT:
    """Add `--app`."""
    return click.option("--app", metavar="MODULE:NAME", help=APP_HELP)(command)


def store_option(command: CommandT) -> CommandT:
    """Add `--store`."""
    return click.option("--store", metavar="PATH", help=STORE_HELP)(command)


def key_file_option(command: CommandT) -> CommandT:
    """Add `--key`."""
    return click.option(
        "--key",
        metavar="FILE",
        help="The key file that signs; INTERLOCK_AUDIT_KEY or one of the store's own unless told.",
    )(command)


def json_option(command: CommandT) -> CommandT:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(
        command
    )


def reason_option(command: CommandT) -> CommandT:
    """Add `--reason`."""
    return click.option("--reason", default="", metavar="TEXT", help="Why; kept in the journal.")(
        command
    )


def as_option(command: CommandT) -> CommandT:
    """Add `--as`, which gives the command a `Principal`, with or without it."""
    return click.option(
        "--as",
        "who",
        metavar="NAME",
        callback=_principal,
        help="Who you are, for the journal; the user of this system unless told. Nobody checks it.",
    )(command)


def _principal(_context: click.Context, _option: click.Parameter, name: str | None) -> Principal:
    return user() if name is None else principal_of(name)


def binding_option(command: CommandT) -> CommandT:
    """Add `--binding`."""
    return click.option(
        "--binding",
        metavar="DIGEST",
        help="Only if the gate asks exactly this: the digest that `show` prints.",
    )(command)


def input_options(command: CommandT) -> CommandT:
    """Add `--input` and `--inputs`."""
    single = click.option(
        "-i",
        "--input",
        "given",
        multiple=True,
        metavar="NAME=VALUE",
        help="An input; JSON, unless the input is a string.",
    )
    whole = click.option(
        "--inputs", "file", metavar="FILE", help="A file with inputs as JSON or YAML; - is stdin."
    )
    return single(whole(command))


def example(*commands: str) -> str:
    """Make the end of a help text that shows commands, as they are written here."""
    lines = "\n".join(f"  {command}" for command in commands)
    return f"\b\nExample:\n{lines}"

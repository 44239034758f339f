"""The reference of the command line, written from the commands themselves."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import click

from interlock.cli import program

HEAD = """\
# Command line

Written from the program by `UPDATE_GOLDEN=1 pytest tests/e2e/cli/test_reference.py`: do not edit
it by hand.

Data goes to stdout, everything else to stderr. `--json` prints one JSON value for programs. How a
command ended is in its [exit code](exit-codes.md). `NO_COLOR=1` turns colours off,
`INTERLOCK_DEBUG=1` shows where an error was raised.

The actions come from `--app MODULE:NAME`, else from `[tool.interlock] app = "MODULE:NAME"` in the
nearest `pyproject.toml` that has this table, else they are the built-in ones. The journal is at
`--store`, else at `INTERLOCK_STORE`, else at `store` of `[tool.interlock]`, else at
`.interlock/journal.db` in the project's folder. How many calls may go on is in
`[tool.interlock.limits]`: [limit calls](../how-to/limits.md). Who has which role is in
`[tool.interlock.roles]`: [say who has which role](../how-to/gates.md#say-who-has-which-role). Who
is told of open gates is in `[tool.interlock.notify]`:
[tell somebody](../how-to/gates.md#tell-somebody).

For how long what is kept is in `[tool.interlock.retention]`:
[retention](../how-to/retention.md#say-for-how-long).

The key that signs the log of a store is in `--key`, else in `INTERLOCK_AUDIT_KEY`, else in `key` of
`[tool.interlock.audit]`, else in a file of the store's own in your configuration folder:
[sign and publish the log](../how-to/checkpoints.md).

Where a command takes a RUN, write its id, a unique beginning of it, or `last`.
"""


@dataclass(frozen=True, slots=True)
class Built:
    """A command that is there, and the words that call it."""

    words: str
    command: click.Command
    context: click.Context


def built() -> Iterator[Built]:
    """All commands in the order of the help; those of a group come after it."""
    yield from _inside(program, click.Context(program, info_name="interlock"))


def _inside(group: click.Group, context: click.Context) -> Iterator[Built]:
    for name in group.list_commands(context):
        demo = find_spec("interlock.cli.demo") if name == "demo" else None
        if name == "demo" and (demo is None or demo.origin is None):
            continue
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, context, f"{context.info_name} {name}")
        yield Built(f"{inner.info_name}".removeprefix("interlock "), command, inner)
        if isinstance(command, click.Group):
            yield from _inside(command, inner)


def reference() -> str:
    """Write the page."""
    parts = [HEAD.rstrip(), *("\n".join(section(each)) for each in built())]
    return "\n\n".join(parts) + "\n"


def section(built: Built) -> Iterator[str]:
    """Write one command."""
    command, context = built.command, built.context
    usage = " ".join([str(context.info_name), *command.collect_usage_pieces(context)])
    yield f"## {built.words}\n"
    yield f"```text\n{usage}\n```\n"
    yield inspect.cleandoc(command.help or "")
    options = [p for p in command.params if isinstance(p, click.Option)]
    if options:
        yield "\n| option | meaning |\n| --- | --- |"
        for option in options:
            spelling, words = option.get_help_record(context) or ("", "")
            yield f"| `{spelling}` | {words} |".replace("[", "\\[")
    example = (command.epilog or "").partition("Example:\n")[2]
    if example:
        yield f"\n```console\n{inspect.cleandoc(example)}\n```"

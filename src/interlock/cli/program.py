"""The `interlock` program: its commands, each imported when it is called, and how it ends."""

import os
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NoReturn, cast, final

import click

from interlock.cli.terminal.console import (
    err,
    escape_what_is_lacking,
    flush,
    is_plain,
    open_closed_streams,
    tinted,
)
from interlock.cli.terminal.exits import MEANINGS, Exit, exit_of
from interlock.cli.terminal.files import NO_ROOM
from interlock.cli.terminal.groups import no_command
from interlock.cli.terminal.interrupts import handle_interrupts
from interlock.cli.terminal.options import example
from interlock.errors import DocumentInvalid, InterlockError, InternalError, UsageError

DEBUG = "INTERLOCK_DEBUG"


@dataclass(frozen=True, slots=True)
class Entry:
    """A command in the list of commands. Its help is here, so that `--help` imports none."""

    section: str
    help: str
    home: str = ""


WRITE = "Write and check"
RUN = "Run"
DECIDE = "Decide"
LOOK = "Look"

COMMANDS: dict[str, Entry] = {
    "init": Entry(WRITE, "Make a small project that runs."),
    "check": Entry(WRITE, "Check graphs; run nothing."),
    "fmt": Entry(WRITE, "Lay documents out in the canonical way."),
    "plan": Entry(WRITE, "Show what a run would do; run nothing."),
    "certify": Entry(WRITE, "Prove in simulation that nothing is lost or done twice."),
    "schema": Entry(WRITE, "Print the JSON Schema of documents."),
    "explain": Entry(WRITE, "Explain a code such as IL2003."),
    "run": Entry(RUN, "Run a graph."),
    "demo": Entry(RUN, "See Interlock at work, without any setup.", "interlock.cli.demo:main"),
    "worker": Entry(RUN, "Drive runs that are queued, due or left behind."),
    "resume": Entry(RUN, "Go on with a run that was interrupted."),
    "retry": Entry(RUN, "Go on with a run that did not succeed, from there."),
    "pause": Entry(RUN, "Start nothing new of a run until it is resumed."),
    "cancel": Entry(RUN, "Stop a run, or a node of it."),
    "approve": Entry(DECIDE, "Approve what a gate asks, and go on."),
    "reject": Entry(DECIDE, "Reject what a gate asks."),
    "signal": Entry(DECIDE, "Tell a run something that it waits for."),
    "resolve": Entry(DECIDE, "Decide about a write in doubt, and go on."),
    "runs": Entry(LOOK, "List runs."),
    "show": Entry(LOOK, "Show a run, or one node of it."),
    "replay": Entry(LOOK, "Verify runs from their journals; call nothing."),
    "audit": Entry(LOOK, "Tell auditors what happened."),
    "retention": Entry(LOOK, "Keep what has to be kept; destroy what is over."),
    "upgrade": Entry(LOOK, "Say what changed code means for open runs."),
    "doctor": Entry(LOOK, "Look for problems of this installation."),
}

EXAMPLE = example("interlock init hello && cd hello", "interlock run hello.yaml -i name=Ada")
CODES = "\b\nExit codes:\n" + "\n".join(
    f"  {code.value:>3}  {words}" for code, words in MEANINGS.items()
)


@final
class Program(click.Group):
    """The group of commands. `main` ends with an exit code and never with a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """List the commands in the order of the help."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """Import a command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        home = entry.home or f"interlock.cli.commands.{cmd_name}:{cmd_name}"
        module, _, attribute = home.partition(":")
        return cast(click.Command, getattr(import_module(module), attribute))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may be meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise no_command(args[0], args[0], there=COMMANDS)
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the commands by section, without importing any."""
        for section in dict.fromkeys(entry.section for entry in COMMANDS.values()):
            with formatter.section(section):
                rows = [
                    (n, entry.help) for n, entry in COMMANDS.items() if entry.section == section
                ]
                formatter.write_dl(rows, col_max=12)

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> NoReturn:  # pyright: ignore[reportIncompatibleMethodOverride] - it always exits
        """Run a command and exit with its code."""
        for stream in (sys.stdout, sys.stderr):
            escape_what_is_lacking(stream)
        extra.setdefault("color", False if is_plain() else None)
        extra |= {"prog_name": "interlock", "standalone_mode": False}
        code = self._code(args, extra)
        flush()
        sys.exit(code)

    def _code(self, args: Sequence[str] | None, extra: dict[str, Any]) -> int:
        try:
            result = super().main(args, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            return error.exit_code
        except click.ClickException as error:
            report(_misuse(error, sys.argv[1:] if args is None else args))
            return error.exit_code
        except (click.Abort, KeyboardInterrupt) as error:
            notes = _notes(error.__cause__ or error)  # click makes an `Abort` of Ctrl-C
            err("\n".join(["Stopped.", *notes]))
            return Exit.OPEN if notes else Exit.STOPPED
        except SystemExit:
            return Exit.OK  # click's way to say that nobody reads any more
        except InterlockError as error:
            report(error)
            return exit_of(error)
        except OSError as error:
            report(_environment(error))
            return Exit.USAGE
        except BaseException as error:  # noqa: BLE001 - the last place that can turn a bug into words
            report(_bug(error))
            return Exit.INTERNAL
        return result if isinstance(result, int) else Exit.OK


def report(error: InterlockError) -> None:
    """Write an error as people should see it; with INTERLOCK_DEBUG=1 also where it was raised."""
    if os.environ.get(DEBUG):
        err("".join(traceback.format_exception(error)))
    end = ". Nothing was run." if isinstance(error, DocumentInvalid) else ""
    err(tinted("\n".join([f"{error}{end}", *_notes(error)])))


def _notes(error: BaseException) -> list[str]:
    return getattr(error, "__notes__", [])


def _misuse(error: click.ClickException, args: Sequence[str]) -> UsageError:
    """Say what is wrong with options and arguments, and where all of them are."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    # click does not say of which command an option is that lacks its value.
    named = args[0] if args and args[0] in COMMANDS else "COMMAND"
    command = context.command_path if context is not None else f"interlock {named}"
    message = error.format_message().rstrip(".")
    takes = ""
    if context is not None and ("issing argument" in message or "extra argument" in message):
        places = [each for each in context.command.params if isinstance(each, click.Argument)]
        names = " ".join(each.make_metavar(context) for each in places) or "no arguments"
        takes = f"it takes {names}; "
    return UsageError(message[:1].lower() + message[1:], hint=f"{takes}see `{command} --help`")


def _environment(error: OSError) -> UsageError:
    """Say what the system refused, where nothing nearer to it knew what to do."""
    where = f"{error.filename}: " if error.filename else ""
    do = "make room and try again" if error.errno in NO_ROOM else "check that it is there and yours"
    refused = UsageError(
        f"the system refused: {where}{error.strerror or error}",
        hint=f"{do}; {DEBUG}=1 shows where it happened",
    )
    refused.__cause__ = error
    return refused


def _bug(error: BaseException) -> InternalError:
    bug = InternalError(
        f"{type(error).__name__}: {error}",
        hint=f"this is a bug in Interlock, please report it; {DEBUG}=1 shows where it happened",
    )
    bug.__cause__ = error
    return bug


@click.command(
    cls=Program,
    epilog=f"{EXAMPLE}\n\n{CODES}",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="interlock", message="%(prog)s %(version)s")
def program() -> None:
    """Check graphs of actions, run them durably, and show what happened."""


def main() -> NoReturn:
    """Run the command line and end the process.

    An action that was given up on may still sit in a thread, which cannot be cancelled. The journal
    is closed by then, so the process ends without waiting for it.
    """
    open_closed_streams()
    handle_interrupts()
    try:
        program.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else Exit.INTERNAL
        others = [
            t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon
        ]
        if others:
            flush()
            os._exit(code)
        raise

"""Ctrl-C in the demo: no further act, and words about what is left."""

from collections.abc import Callable, Iterable
from typing import final

from interlock.cli.demo.closing import leftovers
from interlock.cli.demo.narration import heading
from interlock.cli.demo.workspace import Workspace
from interlock.cli.project.stores import Journal, to_read
from interlock.cli.running.driving import Interruption
from interlock.cli.terminal.console import out
from interlock.cli.terminal.exits import Exit
from interlock.errors import NoJournal
from interlock.runtime import RunResult
from interlock.store import Store
from interlock.values import RunId


@final
class Stopping:
    """Ends the demo when a person has had enough."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def watched(
        self, journal: Journal[Store], drive: Callable[[Interruption], RunResult]
    ) -> RunResult:
        """Drive a run.

        Raises:
            KeyboardInterrupt: Ctrl-C was typed meanwhile, even when the run came to its end.
        """

        def leave() -> int:
            return self._say_what_is_left([stop.run] if stop.run is not None else [])

        stop = Interruption(journal, leave=leave)
        result = drive(stop)
        if stop.is_wanted:
            raise KeyboardInterrupt
        return result

    def last_words(self) -> int:
        """Say what is left, and return the exit code."""
        try:
            with to_read(str(self._workspace.journal)) as journal:
                heads = journal.store.heads()
        except NoJournal:
            heads = []
        return self._say_what_is_left(head.run for head in heads if head.execution is None)

    def _say_what_is_left(self, open_runs: Iterable[RunId]) -> int:
        heading("Stopped; this is left")
        for line in leftovers(self._workspace, open_runs):
            out(line)
        return Exit.STOPPED

"""How runs stand when a worker has nothing more to do: what its exit code and last lines tell."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from interlock.cli.project.stores import Journal
from interlock.cli.terminal.console import aligned
from interlock.cli.terminal.exits import Exit, exit_of_status
from interlock.journal import RunHead
from interlock.runtime import RunResult
from interlock.store import Store
from interlock.values import Json, Path, RunId

NOTED_MAX = 10_000
"""Runs of which is remembered that they have not succeeded; of more, only that there are some."""

SHOWN_MAX = 20
PATHS_SHOWN_MAX = 3
LINE_CHARS_MAX = 400
WORST_FIRST = (Exit.IN_DOUBT, Exit.FAILED, Exit.OPEN, Exit.OK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A run that has not succeeded: how it stands, and what of it waits for a person."""

    graph: str
    status: str
    paths: tuple[Path, ...]


@dataclass(slots=True, kw_only=True)
class Standing:
    """How those runs stand that a worker has let go, each as it was let go last."""

    left: dict[RunId, Left] = field(default_factory=dict[RunId, Left])
    _beyond: set[Exit] = field(default_factory=set[Exit])

    def note(self, head: RunHead, result: RunResult) -> None:
        """Remember how a run stands."""
        self.left.pop(head.run, None)
        if result.status == "succeeded":
            return
        if len(self.left) == NOTED_MAX:
            self._beyond.add(exit_of_status(result.status))
            return
        paths = persons_paths(result)[:SHOWN_MAX]
        self.left[head.run] = Left(graph=head.graph, status=result.status, paths=paths)

    @property
    def code(self) -> Exit:
        """The exit code: of the run that stands worst."""
        found = self._beyond | {exit_of_status(each.status) for each in self.left.values()}
        return worst(*found)

    @property
    def failed(self) -> int:
        """How many runs ended without success."""
        return sum(exit_of_status(each.status) is Exit.FAILED for each in self.left.values())

    def for_persons(self) -> dict[RunId, Left]:
        """The runs that wait for a person."""
        return {
            run: each for run, each in self.left.items() if each.paths or each.status == "paused"
        }

    def lines(self, journal: Journal[Store]) -> Iterator[str]:
        """Say which runs wait for a person, and where to look."""
        waiting = self.for_persons()
        if not waiting:
            return
        yield "for a person to decide:"
        rows = [
            (run, each.graph, _words(each), journal.command("show", run))
            for run, each in list(waiting.items())[:SHOWN_MAX]
        ]
        yield from aligned(rows, chars=LINE_CHARS_MAX)
        if len(waiting) > SHOWN_MAX:
            look = journal.command("runs", "--status", "in_doubt", "--status", "waiting")
            yield f"  and {len(waiting) - SHOWN_MAX:,} more: {look}"

    def to_json(self) -> dict[str, Json]:
        """Return the same for programs."""
        counts = Counter(each.status for each in self.left.values())
        rows: list[Json] = []
        for run, each in self.for_persons().items():
            paths: list[Json] = [*each.paths]
            rows.append({"run": run, "graph": each.graph, "status": each.status, "paths": paths})
        return {"left": dict[str, Json](sorted(counts.items())), "for_persons": rows}


def worst(*codes: Exit) -> Exit:
    """The exit code of several runs: that of the one that stands worst."""
    return next((code for code in WORST_FIRST if code in codes), Exit.OK)


def persons_paths(result: RunResult) -> tuple[Path, ...]:
    """What of a run waits for a person: writes in doubt, then open gates."""
    return (*result.in_doubt, *result.gates)


def _words(left: Left) -> str:
    how = {"in_doubt": "is in doubt", "paused": "is paused", "waiting": "waits"}[left.status]
    shown = ", ".join(left.paths[:PATHS_SHOWN_MAX])
    more = ", …" if len(left.paths) > PATHS_SHOWN_MAX else ""
    return f"{how}: {shown}{more}" if shown else how

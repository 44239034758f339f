"""What a caller gets of a run."""

from dataclasses import dataclass
from typing import Literal

from interlock.engine import GateState, State
from interlock.errors import InterlockError
from interlock.journal import ErrorInfo
from interlock.values import Digest, Json, Path, RunId

ResultStatus = Literal[
    "succeeded",
    "failed",
    "refused",
    "cancelled",
    "in_doubt",
    "waiting",
    "paused",
    "interrupted",
    "running",
    "queued",
]


class RunFailed(InterlockError):
    """A run did not succeed, and its output was asked for."""

    code = "IL6013"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The end of a run, or the point where it stopped: everything it says is durable.

    Attributes:
        status: the end; or `in_doubt`, `waiting` (for persons, signals or times), `paused`,
            `interrupted` (resume it), `running` (another process drives it), `queued`.
        outputs: the outputs by name, once it has succeeded.
        execution: the execution digest, once it has settled.
        in_doubt: the paths that wait for a person.
        waiting_for: the open gates and waits, by path, the oldest first.
        gates: the open gates among them, which persons decide.
    """

    run: RunId
    status: ResultStatus
    outputs: Json = None
    error: ErrorInfo | None = None
    execution: Digest | None = None
    in_doubt: tuple[Path, ...] = ()
    waiting_for: tuple[Path, ...] = ()
    gates: tuple[Path, ...] = ()

    @property
    def output(self) -> Json:
        """The output: what a `@graph` function returned, or the outputs by name.

        None when there is no output, as of a function that returns nothing.

        Raises:
            RunFailed: the run did not succeed; says why and what to do next.
        """
        if self.status != "succeeded":
            hint = self.error.hint if self.error is not None else ""
            raise RunFailed(self._why(), hint=hint)
        if isinstance(self.outputs, dict) and set(self.outputs) <= {"result"}:
            return self.outputs.get("result")
        return self.outputs

    def _why(self) -> str:
        match self.status:
            case "failed" | "refused" | "cancelled":
                why = self.error.message if self.error is not None else "?"
                how = "failed" if self.status == "failed" else f"was {self.status}"
                return f"run {self.run} {how}: {why}"
            case "in_doubt":
                paths = ", ".join(self.in_doubt)
                return f"run {self.run} is in doubt at {paths}; see `interlock show {self.run}`"
            case "waiting":
                paths = ", ".join(self.waiting_for)
                return f"run {self.run} waits at {paths}; see `interlock show {self.run}`"
            case "paused":
                return f"run {self.run} is paused; `interlock resume {self.run}` lets it go on"
            case "running":
                return f"run {self.run} goes on in another process"
            case "queued":
                return f"run {self.run} is queued: no worker has begun it"
            case _:
                return f"run {self.run} was interrupted; `interlock resume {self.run}` goes on"


def result_of(state: State) -> RunResult:
    """Say what a run has come to, while nobody drives it."""
    return RunResult(
        run=state.run,
        status=_status(state),
        outputs=state.output.json if state.output is not None else None,
        error=state.error,
        execution=state.execution,
        in_doubt=tuple(sorted(state.in_doubt)),
        waiting_for=tuple(state.asleep),
        gates=tuple(path for path, it in state.asleep.items() if isinstance(it, GateState)),
    )


def _status(state: State) -> ResultStatus:
    if state.status is not None:
        return state.status
    if state.paused:
        return "paused"
    if state.running or not (state.in_doubt or state.asleep):
        return "interrupted"
    return "in_doubt" if state.in_doubt else "waiting"

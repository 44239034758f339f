"""What a caller gets of a run."""

from dataclasses import dataclass
from typing import Literal

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
    """

    run: RunId
    status: ResultStatus
    outputs: Json = None
    error: ErrorInfo | None = None
    execution: Digest | None = None
    in_doubt: tuple[Path, ...] = ()

    @property
    def output(self) -> Json:
        """The output: what a `@graph` function returned, or the outputs by name.

        None when there is no output, as of a function that returns nothing.

        Raises:
            RunFailed: the run did not succeed; says why and what to do next.
        """
        if self.status != "succeeded":
            hint = self.error.hint if self.status == "failed" and self.error is not None else ""
            raise RunFailed(self._why(), hint=hint)
        if isinstance(self.outputs, dict) and set(self.outputs) <= {"result"}:
            return self.outputs.get("result")
        return self.outputs

    def _why(self) -> str:
        match self.status:
            case "failed":
                why = self.error.message if self.error is not None else "?"
                return f"run {self.run} failed: {why}"
            case "in_doubt":
                paths = ", ".join(self.in_doubt)
                return f"run {self.run} is in doubt at {paths}; see `interlock show {self.run}`"
            case _:
                return f"run {self.run} was interrupted; `interlock resume {self.run}` goes on"

"""Exit codes: what a script learns without reading a word."""

from enum import IntEnum

from interlock.errors import (
    ContentErased,
    ContentPruned,
    Divergence,
    EvidenceRefused,
    ExtraMissing,
    InterlockError,
    InternalError,
    JournalCorrupt,
    KeyUnusable,
    NoJournal,
    NotAllowed,
    RunNotFound,
    RunNotResumable,
    StoreError,
    UsageError,
)


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    IN_DOUBT = 4
    OPEN = 5
    DIVERGED = 6
    STORE = 7
    GONE = 8
    INTERNAL = 70
    STOPPED = 130


MEANINGS: dict[Exit, str] = {
    Exit.OK: "done",
    Exit.FAILED: "the run failed, was refused or cancelled; a check found something",
    Exit.USAGE: "usage: a wrong option, no such run or journal, an app that cannot be loaded",
    Exit.REFUSED: "refused before anything ran: the document, the plan or the inputs are invalid",
    Exit.IN_DOUBT: "the run stopped in doubt about a write: a person decides, see `resolve`",
    Exit.OPEN: "the run is open: it waits, is paused or was interrupted, see `show`",
    Exit.DIVERGED: "a replay differs, a journal is corrupt, or a proof does not hold",
    Exit.STORE: "the store cannot be used, or another process drives the run",
    Exit.GONE: "what is needed is there no more: it was erased or pruned, as the log says",
    Exit.INTERNAL: "internal error: a bug in Interlock",
    Exit.STOPPED: "stopped by Ctrl-C while no run was under way; the demo, at any time",
}


def exit_of(error: InterlockError) -> Exit:
    """Return the exit code for an error."""
    match error:
        case InternalError():
            return Exit.INTERNAL
        case Divergence() | JournalCorrupt() | EvidenceRefused():
            return Exit.DIVERGED
        case StoreError(code=JournalCorrupt.code):
            return Exit.DIVERGED  # Writing met a damaged page.
        case ContentErased() | ContentPruned():
            return Exit.GONE
        case NoJournal():
            return Exit.USAGE
        case StoreError():
            return Exit.STORE
        case (
            UsageError()
            | KeyUnusable()
            | ExtraMissing()
            | RunNotFound()
            | RunNotResumable()
            | NotAllowed()
        ):
            return Exit.USAGE
        case _:
            # `RunFailed`, which is told by its code: its home imports the whole runtime.
            return Exit.FAILED if error.code == "IL6013" else Exit.REFUSED


def exit_of_status(status: str) -> Exit:
    """Return the exit code for a run that ended or stopped with this status."""
    match status:
        case "succeeded":
            return Exit.OK
        case "in_doubt":
            return Exit.IN_DOUBT
        case "interrupted" | "waiting" | "paused" | "queued" | "running":
            return Exit.OPEN
        case _:
            return Exit.FAILED

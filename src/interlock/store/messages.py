"""What may be put into an inbox: the checks that are the same for every backend."""

from interlock.errors import LimitExceeded, RunNotFound, StoreFailed, UsageError
from interlock.journal import Message
from interlock.store.batch import check_run_id
from interlock.store.protocol import INBOX_MESSAGES_MAX, MESSAGE_BYTES_MAX
from interlock.values import RunId

MESSAGE_ID_CHARACTERS_MAX = 128


def check_message(message: Message) -> None:
    """Refuse a message that could not be named, or is too long.

    Raises:
        UsageError: its id or its run's is not one.
        LimitExceeded: its body is too long.
    """
    check_run_id(message.run)
    named = message.id
    if not (
        0 < len(named) <= MESSAGE_ID_CHARACTERS_MAX and named.isascii() and named.isprintable()
    ):
        raise UsageError(
            f"{named!r:.200} is not the id of a message",
            hint=f"use 1 to {MESSAGE_ID_CHARACTERS_MAX} printable ASCII characters",
        )
    if len(message.body) > MESSAGE_BYTES_MAX:
        raise LimitExceeded(
            f"a message of {len(message.body)} bytes is over the limit of {MESSAGE_BYTES_MAX}",
            hint="put the data where an action can read it, and send its address",
        )


def check_room(run: RunId, *, is_there: bool, messages: int) -> None:
    """Refuse a message that nobody could take.

    Raises:
        RunNotFound: there is no such run.
        LimitExceeded: its inbox is full.
    """
    if not is_there:
        raise RunNotFound(f"no run `{run}` in this store", hint="`interlock runs` lists them")
    if messages >= INBOX_MESSAGES_MAX:
        raise LimitExceeded(
            f"the inbox of run {run} is full: {messages} messages wait to be taken",
            hint=f"let the run go on: `interlock resume {run}`, or `interlock worker`",
        )


def not_in_inbox(run: RunId, message: str) -> StoreFailed:
    """Make the error for an event that takes a message that is not there to be taken."""
    return StoreFailed(
        f"an event of run {run} takes message {message!r}, which is not in its inbox; nothing was "
        "written",
        hint="read the run and its inbox again",
        code="IL7018",
    )

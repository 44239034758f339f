"""Writing the files that a command is told to write."""

from collections.abc import Iterable
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path

from interlock.errors import UsageError

NO_ROOM = (ENOSPC, EDQUOT, EFBIG)


def write_file(path: str, pieces: Iterable[str]) -> None:
    """Write a text, piece by piece, over what is there.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        with Path(path).open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
    except OSError as error:
        is_full = error.errno in NO_ROOM
        raise UsageError(
            f"{path} cannot be written: {error.strerror}",
            hint="make room" if is_full else "name another file, or make its folder writable",
        ) from error

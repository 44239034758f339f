"""A barrier between two processes: one stops inside of something, the other one knows that it did.

Two FIFOs in a folder. `HOLD` tells that somebody has arrived. `RELEASE` holds it: a read from it
ends when the last one who has it open for writing closes it, or dies. Nobody sleeps, and a process
that is held goes on when the one that put the barrier up is gone.
"""

import os
import select
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import final

LOOK_S = 0.05
TOLD_BYTES_MAX = 4096


@final
class Barrier:
    """The barrier of a folder; it stands there while the FIFOs do."""

    def __init__(self, folder: Path) -> None:
        self._hold = folder / "HOLD"
        self._release = folder / "RELEASE"

    def pass_through(self, told: str) -> None:
        """Go on at once where no barrier is; else tell who waits there, and stop."""
        try:
            # Opened before anybody is told, so that it cannot be missed when it ends.
            with self._release.open("rb") as release:
                with self._hold.open("w", encoding="utf-8") as hold:
                    hold.write(told)
                release.read()
        except FileNotFoundError:
            return

    @contextmanager
    def up(self) -> Generator[Callable[[Callable[[], bool]], str | None]]:
        """Put the barrier up; it is down again, and nobody is held, when the block ends.

        Gives a function that waits until somebody is held and returns what was told; or None when
        the function that it is given says that nobody will come.
        """
        os.mkfifo(self._hold)
        hold = os.open(self._hold, os.O_RDWR)  # for both, so that it waits for no other side
        os.mkfifo(self._release)
        release = os.open(self._release, os.O_RDWR)
        try:
            yield lambda is_over: _arrival(hold, is_over)
        finally:
            self._hold.unlink()
            self._release.unlink()
            os.close(hold)
            os.close(release)


def _arrival(hold: int, is_over: Callable[[], bool]) -> str | None:
    over = False
    while True:
        ready, _, _ = select.select([hold], [], [], LOOK_S)
        if ready:
            return os.read(hold, TOLD_BYTES_MAX).decode("utf-8")
        if over:
            return None
        over = is_over()  # and look once more: it may have arrived before it was over

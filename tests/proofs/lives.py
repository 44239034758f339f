"""Processes that are born by a fork, work on a journal, and do not end well.

A fork, since a process that is killed a tenth of a second after it began must not spend most of
that on importing. Whoever forks has one thread, and nothing open but the counter's socket.
"""

import asyncio
import os
import select
import signal
import threading
import traceback
from collections.abc import Awaitable, Callable
from typing import final

from proofs.counter import die_with_parent
from proofs.payments import Tell
from proofs.place import Place

WAIT_S_MAX = 60

Work = Callable[[Tell], Awaitable[None]]
"""What a process does; it is given a function that tells of each bit of progress."""


def join_threads() -> None:
    """Wait for the threads that an event loop has left: a process that forks has one."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(WAIT_S_MAX)


@final
class Life:
    """One process."""

    def __init__(self, place: Place, work: Work) -> None:
        self._ready, said = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _be(place, work, said)
        os.close(said)

    def until(self, progress: int, *, patience_s: float = WAIT_S_MAX) -> None:
        """Wait until it has got so far, is dead, or waits itself, however slow the machine is."""
        while progress > 0 and select.select([self._ready], [], [], patience_s)[0]:
            heard = os.read(self._ready, progress)
            progress -= len(heard) or progress

    def stop(self) -> bool:
        """Stop it; return when nothing of it moves any more. False when it has ended before."""
        os.kill(self.pid, signal.SIGSTOP)
        found = os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        return found is not None and found.si_code == os.CLD_STOPPED

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def end(self, signal_no: int = 0) -> int:
        """Send it a signal, if any, and wait for its end; what it is given back is its status."""
        if signal_no:
            os.kill(self.pid, signal_no)
        os.close(self._ready)
        return os.waitpid(self.pid, 0)[1]


def _be(place: Place, work: Work, said: int) -> None:
    async def main() -> None:
        await work(lambda: os.write(said, b"."))

    die_with_parent()
    code = 1
    try:
        asyncio.run(main())
        code = 0
    except BaseException:  # noqa: BLE001 - it is told by its file
        (place.folder / "error").write_text(traceback.format_exc(), encoding="utf-8")
    finally:
        os._exit(code)

"""Ctrl-C outside of a run: it ends the command, yet never in the middle of an import."""

import signal
import threading
from types import FrameType
from typing import final

PAUSE_S = 0.02
PAUSES_MAX = 50
IMPORTING = "<frozen importlib._bootstrap>"


@final
class Interrupt:
    """A handler of SIGINT that raises `KeyboardInterrupt`; inside of an import, a moment later.

    Compiled modules import others when they first need them, and take an exception there for a
    module that is missing: some panic, and some go on as if nobody had asked them to stop. An
    import that lasts, since a module of the user does something, is interrupted after a second.
    """

    def __init__(self, *, pauses_max: int = PAUSES_MAX) -> None:
        self._pauses_max = pauses_max
        self._pauses = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle the signal."""
        if not is_importing(frame) or self._pauses >= self._pauses_max:
            self._pauses = 0
            raise KeyboardInterrupt
        self._pauses += 1
        here = threading.get_ident()
        again = threading.Timer(PAUSE_S, signal.pthread_kill, (here, number))
        again.daemon = True
        again.start()


def is_importing(frame: FrameType | None) -> bool:
    """Say whether a frame is part of an import."""
    while frame is not None and frame.f_code.co_filename != IMPORTING:
        frame = frame.f_back
    return frame is not None


def handle_interrupts() -> None:
    """Handle SIGINT, unless whoever started the process wants it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, Interrupt())

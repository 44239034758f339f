"""Ctrl-C outside of a run: it ends the command, yet never in the middle of an import."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeAlias

PAUSE_S = 0.02
PAUSES_MAX = 50
IMPORTING = "<frozen importlib._bootstrap>"


Handler: TypeAlias = Callable[[int, FrameType | None], None]


def interrupt_handler(*, pauses_max: int = PAUSES_MAX) -> Handler:
    """Make a handler that raises `KeyboardInterrupt`; inside of an import, a moment later.

    Compiled modules import others when they first need them, and take an exception there for a
    module that is missing: some panic, and some go on as if nobody had asked them to stop. An
    import that lasts, since a module of the user does something, is interrupted after a second.
    """
    pauses = 0

    # A function, since the runtime knows Ctrl-C by the code of its handler.
    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal pauses
        if not is_importing(frame) or pauses >= pauses_max:
            pauses = 0
            raise KeyboardInterrupt
        pauses += 1
        again = threading.Timer(PAUSE_S, signal.pthread_kill, (threading.get_ident(), number))
        again.daemon = True
        again.start()

    return interrupt


def is_importing(frame: FrameType | None) -> bool:
    """Say whether a frame is part of an import."""
    while frame is not None and frame.f_code.co_filename != IMPORTING:
        frame = frame.f_back
    return frame is not None


def handle_interrupts() -> None:
    """Handle SIGINT, unless whoever started the process wants it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt_handler())

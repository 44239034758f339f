"""Whose an exception is: what an action raises is its outcome, what comes from outside ends more.

A person's Ctrl-C, the cancellation of an attempt and the end of its loop arrive as exceptions in
the middle of an action. An action may raise the same ones by itself.
"""

import asyncio
import signal
import threading
from functools import partial


def is_from_outside(error: BaseException, task: "asyncio.Task[None] | None") -> bool:
    """Whether an exception that came out of an action was not raised by it.

    Args:
        error: what came out.
        task: the task that called the action.
    """
    match error:
        case asyncio.CancelledError():
            return task is None or task.cancelling() > 0
        case KeyboardInterrupt():
            return _is_ctrl_c(error)
        case GeneratorExit():
            return _current_task() is not task  # A coroutine that is closed does not run.
        case _:
            return False


def _is_ctrl_c(error: KeyboardInterrupt) -> bool:
    """Whether the handler of a signal raised this.

    Handlers run in the main thread, as a call in the middle of what goes on there: what they raise
    has their frame. Python's own handler has none; where it is in place nobody can tell, and a
    person who wants the process to end comes first.
    """
    if threading.current_thread() is not threading.main_thread():
        return False
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:
        return True
    while isinstance(handler, partial):  # as the one of `asyncio.run` is
        handler = handler.func
    code = getattr(handler, "__code__", None)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code is code:
            return True
        trace = trace.tb_next
    return False


def _current_task() -> "asyncio.Task[object] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None  # There is no loop any more.

"""Python's collector of garbage, held while a journal is folded.

A fold makes some thirty objects an event, and keeps most of them until it is done. The collector
looks through all of them again and again: a tenth of the time of a verification, in a large process
far more. It finds nothing there: what a fold drops is not in cycles, and is freed at once. Nor is
what it keeps looked through when the collector goes on: it is old then, and waits until everything
is.
"""

import gc
from collections.abc import Generator
from contextlib import contextmanager

EVENTS_UNCOLLECTED_MAX = 10_000
"""After so many events young garbage is collected by hand, in case there is some after all."""


@contextmanager
def collector_held() -> Generator[None]:
    """Hold the collector for the whole process, unless it is held already.

    Threads may do so at the same time: it goes on at the latest when all are done.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        _let_age()
        gc.enable()


def _let_age() -> None:
    """Make all objects old without looking through them: the only way Python has to do so."""
    if not gc.get_freeze_count():  # Else somebody has frozen objects, and wants them to stay so.
        gc.freeze()
        gc.unfreeze()


def collect_young() -> None:
    """Collect what became garbage lately; what has been there for long is not looked through."""
    gc.collect(1)

"""Where an exception was raised, in the words of a hint: for the person who mends the action."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import CodeType

_PACKAGE = Path(__file__).parents[2]


def place_of(error: BaseException, function: Callable[..., object]) -> str:
    """Say at which line of the file of an action it failed, and where beyond it.

    Nothing is said of what Interlock brings along: its exceptions say what to do.
    """
    code = getattr(inspect.unwrap(function), "__code__", None)
    if not isinstance(code, CodeType) or Path(code.co_filename).is_relative_to(_PACKAGE):
        return ""
    frames = [(frame, line) for frame, line in _frames(error) if frame.co_filename[:1] != "<"]
    own = [each for each in frames if each[0].co_filename == code.co_filename]
    if not own:
        return ""
    frame, line = own[-1]
    place = f"see {_shown(frame.co_filename)}:{line}, in `{frame.co_name}`"
    if frames[-1] is own[-1]:
        return place
    last, at = frames[-1]
    return f"{place}; it was raised at {_shown(last.co_filename)}:{at}, in `{last.co_name}`"


def _frames(error: BaseException) -> Iterator[tuple[CodeType, int]]:
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame.f_code, trace.tb_lineno
        trace = trace.tb_next


def _shown(file: str) -> str:
    """Shorten a path: what is not below this folder needs no more than its module to be found."""
    path = Path(file)
    with suppress(OSError):  # the folder may be gone
        if path.is_relative_to(Path.cwd()):
            return str(path.relative_to(Path.cwd()))
    return str(Path(*path.parts[-2:]))

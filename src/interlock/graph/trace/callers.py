"""Where a call stands in the author's code: the name that its result gets, and the place."""

import dis
import inspect
import linecache
from collections.abc import Iterable, Mapping
from dataclasses import field
from itertools import islice
from types import CodeType, FrameType
from typing import cast

from interlock.errors import Span
from interlock.values import immutable, mutable

OWN = ("interlock.actions.action", "interlock.graph.trace.")
# What may stand between a call and the store of its result: `a = b = f()` copies it.
BETWEEN = frozenset({"CACHE", "COPY", "EXTENDED_ARG", "NOP", "NOT_TAKEN"})
# Newer Pythons join two stores, or a store and a load, in one instruction (`STORE_FAST_LOAD_FAST`).
STORES = ("STORE_FAST", "STORE_NAME", "STORE_GLOBAL", "STORE_DEREF")


@immutable()
class Caller:
    """A call in the author's code.

    Attributes:
        name: the variable that the result is assigned to as it is.
        file: the file, or what stands for one, such as `<stdin>`.
        span: the place of the call; None where there is no text.
    """

    name: str | None = None
    file: str = ""
    span: Span | None = None


@mutable()
class Callers:
    """Finds calls; what was learnt about a function is kept."""

    names: dict[int, Mapping[int, str]] = field(default_factory=dict)
    # Keeps the code objects alive whose ids are the keys above.
    codes: list[CodeType] = field(default_factory=list)

    def find(self) -> Caller:
        """Find the call that led from the author's code to here."""
        frame = inspect.currentframe()
        while frame is not None and str(frame.f_globals.get("__name__")).startswith(OWN):
            frame = frame.f_back
        if frame is None:
            return Caller()
        code = frame.f_code
        if id(code) not in self.names:
            self.names[id(code)] = assigned_names(dis.get_instructions(code))
            self.codes.append(code)
        return Caller(
            name=self.names[id(code)].get(frame.f_lasti), file=code.co_filename, span=_span(frame)
        )


def assigned_names(instructions: Iterable[dis.Instruction]) -> Mapping[int, str]:
    """Map each call whose result is assigned at once to the name.

    The keys are offsets: a frame stands at its call, or at one of the inline caches behind it.
    """
    found: dict[int, str] = {}
    call, after = -1, -1
    for instruction in instructions:
        name = instruction.opname
        if call >= 0 and after < 0:
            after = instruction.offset
        if name in BETWEEN:
            continue
        if call >= 0 and name.startswith(STORES):
            found.update(dict.fromkeys(range(call, after, 2), _stored(instruction)))
        call, after = (instruction.offset, -1) if name.startswith("CALL") else (-1, -1)
    return found


def _stored(instruction: dis.Instruction) -> str:
    names = cast(str | tuple[str, ...], instruction.argval)
    return names if isinstance(names, str) else names[0]


def _span(frame: FrameType) -> Span | None:
    """Give the place of the call, as far as its first line goes."""
    positions = islice(frame.f_code.co_positions(), frame.f_lasti // 2, None)
    line, end_line, start, end = next(positions, (None, None, None, None))
    if line is None or start is None or end is None:
        return None
    text = linecache.getline(frame.f_code.co_filename, line).rstrip("\n")
    if not text:
        return None
    # Python counts bytes of UTF-8.
    column = len(text.encode()[:start].decode(errors="replace"))
    last = len(text.encode()[:end].decode(errors="replace")) if end_line == line else len(text)
    return Span(line=line, column=column + 1, length=max(1, last - column))

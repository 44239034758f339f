"""Putting runs into the queue from the command line: one, or one for each line of a file."""

import asyncio
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

from interlock.cli.project.sources import STDIN, STDIN_NAME
from interlock.cli.running.driving import Stage
from interlock.cli.terminal.console import counted, err, json_text, one_line, out
from interlock.cli.terminal.exits import Exit
from interlock.errors import (
    InputsInvalid,
    InterlockError,
    LimitExceeded,
    UsageError,
    ValueRefused,
)
from interlock.journal import Principal
from interlock.runtime import Queued, Runtime, Start
from interlock.values import Json, decode

LINE_BYTES_MAX = 1 << 20
"""One line of a file of inputs."""

CHARS_SHOWN_MAX = 80


@dataclass(slots=True, kw_only=True)
class Lines:
    """Starts as lines of a file give them: on each line the inputs of one run, as JSON.

    Attributes:
        name: of the file, for people.
        common: on which terms, and with which inputs, unless a line says otherwise. Its key is the
            beginning of theirs.
        number: of the line that was read last.
        given: the lines that were read and have not been queued yet, with their starts.
    """

    name: str
    common: Start
    number: int = 0
    given: deque[tuple[int, Start]] = field(default_factory=deque)

    def read(self, file: BinaryIO) -> Iterator[Start]:
        """Read the lines; empty ones are left out.

        Raises:
            InputsInvalid, LimitExceeded: a line has no inputs on it.
        """
        # A line is read up to its limit: what has no line breaks must not fill the memory.
        for line in takewhile(bool, iter(lambda: file.readline(LINE_BYTES_MAX + 1), b"")):
            self.number += 1
            if len(line) > LINE_BYTES_MAX:
                raise LimitExceeded(
                    f"the line is over the limit of {LINE_BYTES_MAX:,} bytes",
                    hint="put what is large into a file, and its name into the inputs",
                )
            if line.strip():
                start = self._start(line)
                self.given.append((self.number, start))
                yield start

    def _start(self, line: bytes) -> Start:
        shown = one_line(line[: 4 * CHARS_SHOWN_MAX].decode(errors="replace"), CHARS_SHOWN_MAX)
        hint = 'on each line the inputs of one run, such as {"name": "Ada"}'
        try:
            inputs = decode(line)
        except ValueRefused as error:
            raise InputsInvalid(f"`{shown}` is no JSON", hint=hint) from error
        if not isinstance(inputs, dict):
            raise InputsInvalid(f"`{shown}` is no JSON object", hint=hint)
        key = f"{self.common.key}-{self.number}" if self.common.key is not None else None
        return replace(self.common, inputs={**self.common.inputs, **inputs}, key=key)


def queue_one(stage: Stage, start: Start, *, who: Principal, as_json: bool) -> int:
    """Queue a run; say its id on stdout. Returns the exit code.

    Raises:
        UsageError: its key belongs to a run of something else.
    """
    lines = Lines(name="", common=start)
    lines.given.append((0, start))
    return _queue(stage, lines, [start], who=who, as_json=as_json)


def queue_lines(stage: Stage, common: Start, file: str, *, who: Principal, as_json: bool) -> int:
    """Queue a run for each line of a file; say their ids on stdout. Returns the exit code.

    Raises:
        InterlockError: what is wrong with a line; names it, and what was queued before it.
    """
    with _opened(file) as (name, bytes_):
        lines = Lines(name=name, common=common)
        return _queue(stage, lines, lines.read(bytes_), who=who, as_json=as_json)


@contextmanager
def _opened(file: str) -> Generator[tuple[str, BinaryIO]]:
    if file == STDIN:
        yield STDIN_NAME, sys.stdin.buffer
        return
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(Path(file).open("rb"))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else f"{error}"
            raise UsageError(
                f"the file of inputs `{file}` cannot be read: {why}",
                hint="check the spelling and the current folder",
            ) from error
        yield file, opened


def _queue(
    stage: Stage, lines: Lines, starts: Iterable[Start], *, who: Principal, as_json: bool
) -> int:
    counts = _Counts()
    try:
        asyncio.run(_put(stage, lines, starts, counts=counts, who=who, as_json=as_json))
    except (InterlockError, KeyboardInterrupt) as error:
        if lines.name:
            error.add_note(_what_was_queued(counts, key=lines.common.key))
        raise
    again = f", {counted(counts.known, 'run')} with these keys before" if counts.known else ""
    err(f"queued: {counted(counts.new, 'run')}{again}")
    err(f"to drive what is queued: {stage.journal.command('worker')}")
    return Exit.OK


@dataclass(slots=True)
class _Counts:
    """Runs that are in the journal now: those that were queued, and those with these keys."""

    new: int = 0
    known: int = 0


async def _put(
    stage: Stage,
    lines: Lines,
    starts: Iterable[Start],
    *,
    counts: _Counts,
    who: Principal,
    as_json: bool,
) -> None:
    async with Runtime(stage.journal.store, stage.registry) as runtime:
        several = runtime.enqueue_many(stage.plan, starts, principal=who)
        while True:
            with _placed(lines):
                queued = await anext(several, None)
            if queued is None:
                return
            number, start = lines.given.popleft()
            if queued.is_new:
                counts.new += 1
            else:
                counts.known += 1
            _say(stage, queued, start, number=number, as_json=as_json)


@contextmanager
def _placed(lines: Lines) -> Generator[None]:
    """Say of what is wrong in which line it is: the first that could not be queued."""
    try:
        yield
    except (InputsInvalid, UsageError, LimitExceeded) as error:
        if lines.name:
            number = lines.given[0][0] if lines.given else lines.number
            error.message = f"{lines.name}:{number}: {error.message}"
            error.args = (error.message,)
        raise


def _say(stage: Stage, queued: Queued, start: Start, *, number: int, as_json: bool) -> None:
    if not as_json:
        out(queued.run)
        return
    told: dict[str, Json] = {
        "run": queued.run,
        "graph": stage.plan.name,
        "is_new": queued.is_new,
        "key": start.key,
        "line": number or None,
        "journal": stage.journal.name,
    }
    out(json_text(told))


def _what_was_queued(counts: _Counts, *, key: str | None) -> str:
    count = counts.new + counts.known
    if not count:
        return "No run was queued"
    told = f"{counted(count, 'run')} of the lines before {'is' if count == 1 else 'are'} queued"
    if key is not None:
        return f"{told}; the same command queues the rest, and none twice"
    return f"{told}: leave their lines out when you queue the rest"

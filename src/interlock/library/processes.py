"""Programs as child processes, each with its own process group: what is started can be ended.

The group is ended when the program has ended, when the attempt is cancelled, and when its time is
up, so that nothing of it goes on unseen. A program that leaves its group on purpose (a daemon) is
out of reach.
"""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast, final

from interlock.errors import NotApplied, Permanent
from interlock.library.texts import excerpt

GRACE_S = 2.0
DRAIN_S = 1.0
NO_PROGRAM = "it is looked for on the PATH that the program gets, or at the path that is named"


class ProgramNotStarted(NotApplied, Permanent):
    """No byte of the program ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to start. `output_bytes_max` is the limit of each of the two streams."""

    argv: Sequence[str]
    folder: str
    environment: Mapping[str, str]
    stdin: bytes
    output_bytes_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended: its exit code, or minus the number of the signal that killed it."""

    code: int
    stdout: bytes
    stderr: bytes
    truncated: bool


async def run_program(program: Program) -> Ended:
    """Run a program to its end.

    Raises:
        ProgramNotStarted: there is no such program, or it may not be started.
    """
    follower = Follower(program.output_bytes_max)
    transport = await _start(program, follower)
    try:
        if program.stdin:
            _feed(transport, program.stdin)
        await asyncio.shield(follower.ended)
    finally:
        try:
            await _end_group(transport.get_pid(), follower)
            await asyncio.wait([follower.closed], timeout=DRAIN_S)
        finally:
            transport.close()
    return follower.outcome(transport.get_returncode())


async def _start(program: Program, follower: "Follower") -> asyncio.SubprocessTransport:
    name = excerpt(program.argv[0], limit=100)
    starting = asyncio.get_running_loop().create_task(_spawn(program, follower))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # It may be there already, with children of its own: what was started is ended as a whole.
        transport = await starting
        _signal(transport.get_pid(), signal.SIGKILL)
        transport.close()
        raise
    except OSError as error:
        told = f"cannot start `{name}`: {error.strerror or error}"
        is_missing = isinstance(error, FileNotFoundError)
        raise ProgramNotStarted(told, hint=NO_PROGRAM if is_missing else "") from error
    except ValueError as error:  # a NUL, or a variable that cannot be one
        told = f"cannot start `{name}`: {error}"
        hint = "no argument may hold a NUL, and no name of a variable a `=`"
        raise ProgramNotStarted(told, hint=hint) from error


async def _spawn(program: Program, follower: "Follower") -> asyncio.SubprocessTransport:
    transport, _ = await asyncio.get_running_loop().subprocess_exec(
        lambda: follower,
        *program.argv,
        stdin=asyncio.subprocess.PIPE if program.stdin else asyncio.subprocess.DEVNULL,
        cwd=program.folder,
        env=program.environment,
        start_new_session=True,
    )
    return transport


def _feed(transport: asyncio.SubprocessTransport, data: bytes) -> None:
    """Write the input; a program that does not read it is no error."""
    pipe = cast("asyncio.WriteTransport | None", transport.get_pipe_transport(0))
    if pipe is not None:
        pipe.write(data)
        pipe.close()


async def _end_group(group: int, follower: "Follower") -> None:
    """End what is left of a group: ask, wait a little, then insist."""
    try:
        if not follower.ended.done():
            _signal(group, signal.SIGTERM)
            await asyncio.wait([follower.ended], timeout=GRACE_S)
    finally:
        _signal(group, signal.SIGKILL)
    await asyncio.wait([follower.ended], timeout=GRACE_S)


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # all of it has ended
        return


@final
class Follower(asyncio.SubprocessProtocol):
    """Keeps the beginning of the output and the end of the errors; drops the rest unread.

    `ended` is done when the program has ended, `closed` when both of its streams have, which may be
    later: children of the program hold them too.
    """

    def __init__(self, bytes_max: int) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._bytes_max = bytes_max
        self._open = {1, 2}
        self._parts: dict[int, deque[bytes]] = {1: deque(), 2: deque()}
        self._kept = {1: 0, 2: 0}
        self._truncated = False

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep what is within the limit."""
        if fd == 1:
            self._keep_beginning(data)
        else:
            self._keep_end(data)

    def _keep_beginning(self, data: bytes) -> None:
        room = self._bytes_max - self._kept[1]
        self._truncated |= len(data) > room
        self._parts[1].append(data[:room])
        self._kept[1] += min(room, len(data))

    def _keep_end(self, data: bytes) -> None:
        parts = self._parts[2]
        parts.append(data)
        self._kept[2] += len(data)
        while parts and self._kept[2] - len(parts[0]) >= self._bytes_max:
            self._kept[2] -= len(parts.popleft())
            self._truncated = True

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002
        """Note that a stream has ended."""
        self._open.discard(fd)
        if not self._open and not self.closed.done():
            self.closed.set_result(None)

    def process_exited(self) -> None:
        """Note that the program has ended."""
        if not self.ended.done():
            self.ended.set_result(None)

    def outcome(self, code: int | None) -> Ended:
        """Give what was kept."""
        stderr = b"".join(self._parts[2])
        cut = len(stderr) > self._bytes_max
        return Ended(
            code=-signal.SIGKILL if code is None else code,
            stdout=b"".join(self._parts[1]),
            stderr=stderr[-self._bytes_max :] if self._bytes_max else b"",
            truncated=self._truncated or cut,
        )

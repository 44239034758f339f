"""Actions that raise, hang, or return what no journal can hold.

Each is a node of one graph, so that one run meets them all: what goes wrong in one node stays there
and in what depends on it. Reads fail; writes, which may have happened, are violated or in doubt.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.hostile.world import PYPROJECT, Ended, World

BAD = """\
import asyncio
import math
import os
import sys
import threading
from typing import Any

from interlock import Permanent, Registry, action


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("not a word")


class Odd(BaseException):
    pass


def raising(error):
    raise error


def inside_itself():
    found = []
    found.append(found)
    return found


def deep():
    found = []
    for _ in range(100_000):
        found = [found]
    return found


def wait_for_ever():
    threading.Event().wait()


BAD = {
    "raises": lambda: raising(ValueError("boom")),
    "raises_for_good": lambda: raising(Permanent("never again")),
    "raises_mute": lambda: raising(Mute()),
    "raises_much": lambda: raising(ValueError("x\\x1b[31m" * 100_000)),
    "raises_odd": lambda: raising(Odd("odd")),
    "exits": lambda: sys.exit(3),
    "interrupts": lambda: raising(KeyboardInterrupt()),
    "stops": lambda: raising(StopIteration(1)),
    "cancels": lambda: raising(asyncio.CancelledError("me")),
    "recurses": lambda: (lambda again: again(again))(lambda again: again(again)),
    "out_of_memory": lambda: raising(MemoryError()),
    "hangs": wait_for_ever,
    "object": object,
    "set": lambda: {1, 2},
    "raw_bytes": lambda: b"x",
    "generator": lambda: (n for n in range(3)),
    "number_as_key": lambda: {1: 2},
    "nan": lambda: math.nan,
    "infinity_inside": lambda: {"a": [1, {"b": -math.inf}]},
    "huge_integer": lambda: 2**70,
    "half_character": lambda: "\\ud83d",
    "inside_itself": inside_itself,
    "deep": deep,
    "fifty_megabytes": lambda: "x" * 50_000_000,
}


def declare(name: str, effect: str, call):
    @action(f"{effect}.{name}", effect=effect, version="1")
    def bad() -> Any:
        note(f"{effect}.{name}")
        return call()

    return bad


@action("read.wrong_type", effect="read")
def read_wrong_type() -> int:
    return "seven"


@action("write.wrong_type", effect="write")
def write_wrong_type() -> int:
    note("write.wrong_type")
    return "seven"


async def deaf() -> int:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass


@action("read.hangs_deaf", effect="read")
async def read_hangs_deaf() -> int:
    return await deaf()


@action("write.hangs_deaf", effect="write")
async def write_hangs_deaf() -> int:
    note("write.hangs_deaf")
    return await deaf()


async def interrupts_the_loop():
    raise KeyboardInterrupt


async def exits_in_a_task():
    async def leave():
        sys.exit(3)

    await asyncio.gather(leave())


def declare_async(name: str, effect: str, call):
    @action(f"{effect}.{name}", effect=effect, version="1")
    async def bad() -> Any:
        note(f"{effect}.{name}")
        await call()

    return bad


@action("write.after", effect="write")
def after(given: Any) -> str:
    note("after")
    return "after"


@action("write.well", effect="write")
def well() -> str:
    note("well")
    return "well"


def dies(how: str) -> str:
    note(how)
    if how == "exit":
        os._exit(9)
    import ctypes

    ctypes.string_at(0)


@action("write.dies", effect="write")
def write_dies(how: str) -> str:
    return dies(how)


registry = Registry(
    [
        *(declare(name, "read", call) for name, call in BAD.items()),
        *(declare(name, "write", call) for name, call in BAD.items()),
        *(
            declare_async(call.__name__, effect, call)
            for effect in ("read", "write")
            for call in (interrupts_the_loop, exits_in_a_task)
        ),
        read_wrong_type,
        write_wrong_type,
        read_hangs_deaf,
        write_hangs_deaf,
        after,
        well,
        write_dies,
    ]
)
"""

# name: (code, words of the message)
RAISES: dict[str, tuple[str, str]] = {
    "raises": ("IL6001", "ValueError: boom"),
    "raises_for_good": ("IL6001", "Permanent: never again"),
    "raises_mute": ("IL6001", "Mute"),
    "raises_much": ("IL6001", "ValueError: x\x1b[31m"),
    "raises_odd": ("IL6001", "Odd: odd"),
    "exits": ("IL6001", "SystemExit: 3"),
    "interrupts": ("IL6001", "KeyboardInterrupt"),
    "stops": ("IL6001", "StopIteration"),
    "cancels": ("IL6001", "CancelledError: me"),
    "recurses": ("IL6001", "RecursionError"),
    "out_of_memory": ("IL6001", "MemoryError"),
    "interrupts_the_loop": ("IL6001", "KeyboardInterrupt"),
    "exits_in_a_task": ("IL6001", "SystemExit: 3"),
    "hangs": ("IL6002", "no answer within 300 ms"),
    "hangs_deaf": ("IL6002", "it was cancelled, and goes on"),
}
RETURNS: dict[str, tuple[str, str]] = {
    "object": ("IL6003", "a value of type object is not JSON data at $"),
    "set": ("IL6003", "a value of type set is not JSON data at $"),
    "raw_bytes": ("IL6003", "a value of type bytes is not JSON data at $"),
    "generator": ("IL6003", "a value of type generator is not JSON data at $"),
    "number_as_key": ("IL6003", "the key 1 is not a string at $"),
    "nan": ("IL6003", "nan is not a JSON number at $"),
    "infinity_inside": ("IL6003", "-inf is not a JSON number at $.a[1].b"),
    "huge_integer": ("IL6003", "1180591620717411303424 does not fit in 64 bits"),
    "half_character": ("IL6003", "lone surrogate at $"),
    "inside_itself": ("IL6003", "nested deeper than 100"),
    "deep": ("IL6003", "nested deeper than 100"),
    "fifty_megabytes": ("IL6003", "a value of 50,000,002 bytes is over the limit"),
    "wrong_type": ("IL6004", "'seven' is not of type 'integer'"),
}
ALL = {**RAISES, **RETURNS}


@dataclass(frozen=True, kw_only=True)
class Met:
    """A run that has met all bad actions of one effect."""

    world: World
    run: Ended
    replay: Ended
    shown: dict[str, Any]

    def node(self, name: str) -> dict[str, Any]:
        return next(node for node in self.shown["nodes"] if node["path"] == name)


def meet(folder: Path, effect: str) -> Met:
    folder.joinpath("pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    world = World(folder=folder)
    world.actions(BAD)
    # On a busy machine all that do answer need their time: they are called at once.
    nodes = "".join(
        f"  {name}: {{call: {effect}.{name}, timeout: {'300ms' if code == 'IL6002' else '60s'}}}\n"
        f"  after_{name}: {{call: write.after, with: {{given: '${{{{ {name} }}}}'}}}}\n"
        for name, (code, _) in ALL.items()
    )
    world.write(
        "bad.yaml", f"interlock: 1\nname: bad\nnodes:\n  good: {{call: write.well}}\n{nodes}"
    )
    ended = world.run("run", "bad.yaml")
    assert "Run " in ended.err, ended.err
    replayed = world.run("replay", "last")
    return Met(world=world, run=ended, replay=replayed, shown=world.show())


@pytest.fixture(scope="module")
def reads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Met]:
    met = meet(tmp_path_factory.mktemp("reads"), "read")
    yield met
    met.world.close()


@pytest.fixture(scope="module")
def writes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Met]:
    met = meet(tmp_path_factory.mktemp("writes"), "write")
    yield met
    met.world.close()


@pytest.mark.parametrize("effect", ["reads", "writes"])
def test_the_run_goes_on_around_them_and_replays(effect: str, request: pytest.FixtureRequest):
    met: Met = request.getfixturevalue(effect)
    met.run.check_words()
    assert met.run.code == (1 if effect == "reads" else 4)
    assert met.replay.code == 0, met.replay
    assert met.node("good")["status"] == "succeeded"
    assert "after" not in met.world.lines()


@pytest.mark.parametrize("name", ALL)
def test_a_bad_read_fails_with_words(reads: Met, name: str):
    node = reads.node(name)
    code, words = ALL[name]
    assert (node["status"], node["error"]["code"]) == ("failed", code)
    assert words in node["error"]["message"]
    assert len(node["error"]["message"]) <= 2_100
    assert reads.node(f"after_{name}")["status"] == "skipped"


@pytest.mark.parametrize("name", RETURNS)
def test_a_write_that_returns_nonsense_has_happened_and_is_violated(writes: Met, name: str):
    node = writes.node(name)
    code, words = ALL[name]
    assert (node["status"], node["error"]["code"]) == ("violated", code)
    assert words in node["error"]["message"]
    assert writes.world.lines().count(f"write.{name}") == 1


@pytest.mark.parametrize("name", RAISES)
def test_a_write_that_does_not_return_is_in_doubt(writes: Met, name: str):
    assert writes.node(name)["status"] == "in_doubt"
    assert f"interlock resolve {writes.shown['run']} {name} --failed" in writes.run.err
    assert writes.world.lines().count(f"write.{name}") == 1


@pytest.mark.parametrize("how,code", [("exit", 9), ("crash", -11)])
def test_an_action_that_takes_the_process_with_it_is_in_doubt(world: World, how: str, code: int):
    world.actions(BAD)
    world.write(
        "dies.yaml",
        f"interlock: 1\nname: dies\nnodes:\n  a: {{call: write.dies, with: {{how: {how}}}}}\n",
    )
    assert world.run("run", "dies.yaml").code == code
    world.check_sound()
    resumed = world.run("resume", "last")
    resumed.check_words()
    assert resumed.code == 4
    assert "no answer before the process died" in resumed.err
    assert world.lines() == [how]
    world.check_sound()

"""Virtual time: it jumps when everything waits, and stands still while a thread works."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from interlock.testing import CountingIds, Stuck, VirtualClock, VirtualLoop, loop, run_virtual

HOURS_S = 6 * 3600
YEAR_S = 365 * 24 * 3600


def test_time_jumps_to_the_next_timer():
    async def main() -> list[float]:
        now = asyncio.get_running_loop().time
        seen = [now()]
        await asyncio.sleep(HOURS_S)
        seen.append(now())
        await asyncio.gather(asyncio.sleep(1), asyncio.sleep(3), asyncio.sleep(2))
        seen.append(now())
        return seen

    assert run_virtual(main()) == [0, HOURS_S, HOURS_S + 3]


def test_timers_come_in_the_order_of_their_times():
    async def main() -> list[str]:
        seen: list[str] = []
        running = asyncio.get_running_loop()
        for delay, name in ((3, "c"), (1, "a"), (2, "b")):
            running.call_later(delay, seen.append, name)
        await asyncio.sleep(5)
        return seen

    assert run_virtual(main()) == ["a", "b", "c"]


def test_time_goes_on_after_years():
    """A nanosecond is less than a float can tell by then."""

    async def main() -> float:
        for _ in range(100):
            await asyncio.sleep(YEAR_S / 3)
            await asyncio.sleep(0.001)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(100 * (YEAR_S / 3 + 0.001))


def test_timeouts_take_no_time():
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(HOURS_S):
                await asyncio.get_running_loop().create_future()
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == HOURS_S


def test_time_stands_still_while_a_thread_works():
    go_on = threading.Event()

    async def main() -> float:
        running = asyncio.get_running_loop()
        assert isinstance(running, VirtualLoop)
        with ThreadPoolExecutor(1) as threads:
            sleeping = asyncio.ensure_future(asyncio.sleep(HOURS_S))
            working = running.run_in_executor(threads, go_on.wait, 10)
            await asyncio.sleep(0)
            assert running.waits_for_threads
            go_on.set()
            await working
            assert not running.waits_for_threads
            assert running.time() == 0
            await sleeping
        return running.time()

    assert run_virtual(main()) == HOURS_S


def test_a_loop_with_nothing_to_wait_for_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loop, "PATIENCE_S", 0.01)

    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Stuck, match=r"nothing happened for 0\.01 s, and no timer is set"):
        run_virtual(main())


def test_a_clock_follows_the_loop_and_goes_on_in_the_next_one():
    clock = VirtualClock(start_ms=1_000)

    async def main() -> list[int]:
        before = clock.now_ms()
        await asyncio.sleep(1.5)
        return [before, clock.now_ms()]

    assert clock.now_ms() == 1_000
    assert run_virtual(main()) == [1_000, 2_500]
    assert clock.now_ms() == 2_500
    assert run_virtual(main()) == [2_500, 4_000]


def test_ids_count():
    ids = CountingIds()
    runs = [ids.run(1_000), ids.run(1_000), ids.run(2_000)]
    assert runs == sorted(set(runs))
    assert {len(run) for run in runs} == {26}
    assert [ids.owner(), ids.owner()] == ["owner-1", "owner-2"]
    assert CountingIds().run(1_000) == runs[0]

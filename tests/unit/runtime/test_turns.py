"""Fair queues: who has the next turn."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import given, strategies as st

from interlock.runtime.scheduling.turns import AGING_TURNS, Turns


@dataclass(frozen=True, slots=True)
class Item:
    run: str
    number: int


def queue(*given: tuple[str, int, int]) -> Turns[Item]:
    """Queue so many items of runs: (run, priority, count)."""
    turns: Turns[Item] = Turns()
    for run, priority, count in given:
        for number in range(count):
            turns.add(Item(run, number), run=run, priority=priority)
    return turns


def order(turns: Turns[Item], count: int) -> str:
    return "".join(turns.take().run for _ in range(count))


def test_runs_take_turns_whatever_they_have_queued():
    assert order(queue(("a", 0, 5), ("b", 0, 2), ("c", 0, 1)), 8) == "abcabaaa"


def test_who_joins_comes_after_all_who_wait():
    turns = queue(("a", 0, 3), ("b", 0, 2))
    assert order(turns, 1) == "a"
    turns.add(Item("c", 0), run="c", priority=0)
    assert order(turns, 5) == "bacba"


def test_a_higher_priority_comes_first_and_a_lower_one_now_and_then():
    share = order(queue(("h", 1, 1_000), ("l", 0, 1_000)), 440)
    assert share.startswith("h" * AGING_TURNS)
    assert Counter(share)["l"] == 440 // (AGING_TURNS + 1)


def test_what_is_taken_back_has_no_turn():
    turns = queue(("a", 0, 2), ("b", 3, 1))
    turns.remove(Item("b", 0), run="b", priority=3)
    turns.remove(Item("a", 0), run="a", priority=0)
    assert (turns.size, turns.take(), turns.size) == (1, Item("a", 1), 0)


RUNS = st.lists(st.tuples(st.integers(-3, 3), st.integers(1, 12)), min_size=1, max_size=8)


@given(RUNS)
def test_each_item_has_one_turn_and_a_run_keeps_its_order(runs: list[tuple[int, int]]):
    given_ = [(str(index), priority, count) for index, (priority, count) in enumerate(runs)]
    turns = queue(*given_)
    taken = [turns.take() for _ in range(turns.size)]
    for run, _, count in given_:
        assert [item.number for item in taken if item.run == run] == list(range(count))
    assert turns.size == 0


@given(
    waiting=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    newcomers=st.lists(st.lists(st.integers(0, 4), max_size=2), max_size=300),
)
def test_nobody_waits_longer_than_the_bound(waiting: list[int], newcomers: list[list[int]]):
    """Runs that always have more to do, and new ones that come all the time, starve nobody."""
    turns: Turns[Item] = Turns()
    runs = dict(enumerate(waiting))
    for run, priority in runs.items():
        turns.add(Item(str(run), 0), run=str(run), priority=priority)
    last: dict[int, tuple[int, int]] = {run: (0, len(runs)) for run in runs}
    for turn, priorities in enumerate(newcomers, start=1):
        for priority in priorities:
            name = f"{turn}.{len(runs)}"
            runs[len(runs)] = priority
            turns.add(Item(name, 0), run=name, priority=priority)
        item = turns.take()
        if "." in item.run:
            continue
        run = int(item.run)
        begun, rivals = last[run]
        assert turn - begun <= bound(runs[run], rivals)
        same = sum(1 for other in runs if runs[other] == runs[run])
        last[run] = (turn, same)
        turns.add(Item(str(run), item.number + 1), run=str(run), priority=runs[run])
    for run, (begun, rivals) in last.items():
        assert len(newcomers) - begun <= bound(runs[run], rivals)


def bound(priority: int, rivals: int, *, highest: int = 4, levels: int = 5) -> int:
    return rivals * ((highest - priority) * AGING_TURNS + levels)

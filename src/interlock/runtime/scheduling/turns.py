"""Whose turn it is: priorities with aging, and round robin over the runs within one.

A queue of many runs for one thing that is scarce. What a run has queued itself keeps its order.

The bound: let runs of `L` priorities wait, `P` the highest of them, and let a run of priority `p`
join, or have its turn, when there are `R` runs of its own priority. It has its next turn after at
most `R * ((P - p) * AGING_TURNS + L)` turns, whoever joins meanwhile. Each turn of another
priority brings its own one closer by one. A priority that has just had its turn is behind every
other one that is ahead by as much as the two differ; from then on both come closer alike. So after
`(P - p) * AGING_TURNS` turns each of the others has one more at most. And within a priority who
joins later comes later.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import field
from typing import Generic, TypeVar, final

from interlock.values import mutable

T = TypeVar("T", bound=Hashable)

PRIORITY_MAX = 100
"""The highest priority; the lowest is as far below 0."""

AGING_TURNS = 10
"""After this many turns of others, those who wait count as one priority higher."""


@mutable(kw_only=True)
class _Level(Generic[T]):
    """The runs of one priority, in the order of their turns, and what each of them has queued."""

    since: int
    """How many turns had been given when this priority joined, or had its own last one."""
    runs: "OrderedDict[Hashable, OrderedDict[T, None]]" = field(default_factory=OrderedDict)


@final
class Turns(Generic[T]):
    """A fair queue. Everything but the choice among priorities takes constant time."""

    __slots__ = ("_given", "_levels", "size")

    def __init__(self) -> None:
        self._levels: dict[int, _Level[T]] = {}
        self._given = 0
        self.size = 0

    def add(self, item: T, *, run: Hashable, priority: int) -> None:
        """Queue something of a run, behind all that the run has queued."""
        level = self._levels.get(priority)
        if level is None:
            level = self._levels[priority] = _Level(since=self._given)
        queued = level.runs.get(run)
        if queued is None:
            queued = level.runs[run] = OrderedDict()
        queued[item] = None
        self.size += 1

    def take(self) -> T:
        """Give the turn to whose it is, and take what it has queued first."""
        priority, level = max(self._levels.items(), key=self._standing)
        self._given += 1
        level.since = self._given
        run, queued = next(iter(level.runs.items()))
        item, _ = queued.popitem(last=False)
        self.size -= 1
        if queued:
            level.runs.move_to_end(run)
        else:
            self._leave(priority, level, run)
        return item

    def remove(self, item: T, *, run: Hashable, priority: int) -> None:
        """Take back what a run has queued; it keeps its turn for the rest."""
        level = self._levels[priority]
        del level.runs[run][item]
        self.size -= 1
        if not level.runs[run]:
            self._leave(priority, level, run)

    def _standing(self, entry: tuple[int, _Level[T]]) -> tuple[int, int]:
        priority, level = entry
        return priority * AGING_TURNS + self._given - level.since, -priority

    def _leave(self, priority: int, level: _Level[T], run: Hashable) -> None:
        del level.runs[run]
        if not level.runs:
            del self._levels[priority]

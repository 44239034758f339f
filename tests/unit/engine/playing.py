"""A run that is played to its end: what happens next, of all that could, is left to chance.

What each call answers, each person decides and each signal carries depends on its path alone, so
that whatever comes out differently came from the order.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from interlock.engine import StartAttempt, differences
from interlock.engine.state.state import GateState, NodeState, WaitState
from interlock.journal import GateOpened, GateVerdict, NodeSettled, RunMigrated, WaitOpened
from interlock.plan import CompiledCall, CompiledPropose, Plan
from interlock.values import Json, Path, paths
from unit.engine.driving import Driven, failure

Move: TypeAlias = Callable[[], object]
MOVES_MAX = 3_000


@dataclass(kw_only=True)
class Outside:
    """What is outside of a run, by path: calls that fail, gates that are rejected, payloads.

    A proposal is given by the path of the node that proposes.
    """

    failing: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    undecided: frozenset[str] = frozenset()
    proposals: Mapping[str, Json] = field(default_factory=dict[str, Json])

    def answer(self, path: str) -> Json:
        return sum(map(ord, path)) % 97

    def proposal(self, path: str) -> Json:
        return self.proposals[path]

    def verdict(self, path: str) -> GateVerdict:
        return "rejected" if path in self.rejected else "approved"


@dataclass(kw_only=True)
class Player:
    """Plays one run; `recovers`, `pauses` and `migrates` are how likely these are at each move.

    It is migrated to one of the `versions` of its plan in which what was executed is the same.
    """

    run: Driven
    outside: Outside
    chance: Random
    recovers: float = 0.0
    pauses: float = 0.0
    migrates: float = 0.0
    versions: Sequence[Plan] = ()

    def play(self) -> None:
        """Play to the end."""
        for _ in range(MOVES_MAX):
            self._disturb()
            if self.run.state.status is not None:
                break
            moves = list(self._moves())
            if moves:
                self.chance.choice(moves)()
            if self.run.state.status is not None:
                break
            assert moves or self.run.state.paused, "nothing can happen any more"
        self.run.check()
        assert self.run.state.status is not None, "it does not end"
        self._check_once()

    def _disturb(self) -> None:
        if self.chance.random() < self.recovers:
            self.run.recover(orderly=self.chance.random() < 0.5)
        if self.run.state.status is None and self.chance.random() < self.migrates:
            self.migrate()
        if self.run.state.status is not None:
            return
        if self.run.state.paused and self.chance.random() < 0.5:
            self.run.unpause()
        elif self.chance.random() < self.pauses:
            self.run.pause()

    def migrate(self) -> None:
        """Give the run another version of its graph, if what was executed is the same in it."""
        state, new = self.run.state, self.chance.choice(self.versions)
        if new.digest != state.plan.digest and not differences(state, new):
            self.run.migrate(new)

    def _moves(self) -> Iterator[Move]:
        for path, node, call in _running(self.run):
            yield from self._of_call(path, node, call)
        for path, opened in self.run.state.asleep.items():
            yield from self._of_sleeper(path, opened)

    def _of_call(self, path: str, node: NodeState, call: CompiledCall) -> Iterator[Move]:
        fails = path in self.outside.failing
        proposes = isinstance(call, CompiledPropose)
        answer = self.outside.proposal(path) if proposes else self.outside.answer(path)
        if node.probing:
            yield lambda: self.run.probed(path, "not_applied" if fails else "applied", answer)
        elif node.status == "in_doubt":
            yield lambda: self.run.resolve(path, "failed" if fails else "succeeded", answer)
        elif path not in self.run.state.held_attempts:
            if not node.started and not node.ahead:
                yield lambda: self.run.start(path)
            error = failure("IL6001", permanent=True, not_applied=call.action.effect == "write")
            yield lambda: self.run.end(path, error if fails else answer)

    def _of_sleeper(self, path: Path, opened: WaitState | GateState) -> Iterator[Move]:
        due_ms = self.run.state.timers.get(path)
        if isinstance(opened, WaitState) and opened.signal is not None:
            signal, payload = opened.signal, self.outside.answer(path)
            yield lambda: self.run.signal(signal, payload, path=path)
        elif isinstance(opened, GateState) and path not in self.outside.undecided:
            # The same person may decide twice; only different ones count.
            person = f"p{self.chance.randint(1, 4)}"
            yield lambda: self.run.decide(path, self.outside.verdict(path), by=person)
        elif due_ms is not None and due_ms == min(self.run.state.timers.values()):
            yield lambda: self._fire(path, due_ms)

    def _fire(self, path: str, due_ms: int) -> None:
        self.run.now_ms = max(self.run.now_ms, due_ms)
        self.run.fire(path)

    def _check_once(self) -> None:
        """Nothing was opened or settled twice, however often it was ordered.

        A gate that asks about what is in another plan asks anew.
        """
        events = [entry.event for entry in self.run.entries]
        is_migrated = any(isinstance(event, RunMigrated) for event in events)
        kinds = (WaitOpened, NodeSettled) if is_migrated else (GateOpened, WaitOpened, NodeSettled)
        once = [e for e in events if isinstance(e, kinds)]
        counts = Counter((type(event), event.path, event.generation) for event in once)
        assert max(counts.values(), default=1) == 1


def _running(run: Driven) -> Iterator[tuple[str, NodeState, CompiledCall]]:
    """The calls that go on, or are in doubt."""
    for scope in run.state.scopes.values():
        for node, now in zip(scope.graph.nodes, scope.nodes, strict=True):
            path = paths.child(scope.path, node.id)
            is_open = now.status in ("running", "in_doubt") and now.opened is None
            if is_open and isinstance(node, CompiledCall) and path not in run.state.ordered:
                yield path, now, node


def calls(run: Driven) -> Counter[tuple[str, int, int]]:
    """How often each attempt was ordered."""
    orders = [order for order in run.orders if isinstance(order, StartAttempt)]
    return Counter((order.path, order.generation, order.attempt) for order in orders)

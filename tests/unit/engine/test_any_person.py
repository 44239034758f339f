"""Runs in which persons cancel, send again and open again, while they get other versions."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import pytest

from interlock.engine.state.state import NodeState
from interlock.journal import SETTLED
from interlock.plan import CompiledCall
from interlock.values import Path, paths
from sim.generator import Generator, Mix
from unit.engine.driving import Driven, failure
from unit.engine.playing import Move
from unit.engine.test_any_order import Chanced
from unit.engine.test_any_version import Editor

REOPENED_MAX = 3
BAD = "text"
"""What no call of the world may return."""

CANCELLED = (31, 127, 233)
"""Plays in which a node was cancelled and began again all the same, until that was mended."""

ASKED_ANEW = (306, 928)
"""Plays in which a write was sent again while its gate asked anew, until that was mended."""


@dataclass(kw_only=True)
class Meddler(Editor):
    """Cancels this and that, has writes sent again, and opens again what has ended."""

    cancels: float = 0.06
    fails: float = 0.2
    did: Counter[str] = field(default_factory=Counter[str])

    def play_on(self) -> None:
        """Play to the end, and once more when it has ended without success."""
        self.play()
        for _ in range(REOPENED_MAX):
            if self.run.state.status == "succeeded":
                break
            self.fails /= 2
            if self.chance.random() < 0.7:
                self.migrate()
            self.run.reopen()
            self.did["opened again"] += 1
            if self.run.state.status is None:
                self.play()

    def migrate(self) -> None:
        """Whatever the new version is, what was cancelled stays so."""
        cancelled = set(self._cancelled())
        super().migrate()
        settled = {path for path, one in self.run.state.outcomes.items() if one[0] in SETTLED}
        there = {path for path in cancelled if self.run.state.find(path) is not None}
        assert there - settled <= set(self._cancelled())

    def _cancelled(self) -> Iterator[Path]:
        for path, now in self._unsettled():
            if now.stop is not None:
                yield path

    def _unsettled(self) -> Iterator[tuple[Path, NodeState]]:
        for scope in self.run.state.scopes.values():
            for node, now in zip(scope.graph.nodes, scope.nodes, strict=True):
                if now.status not in SETTLED:
                    yield paths.child(scope.path, node.id), now

    def _disturb(self) -> None:
        if self.run.state.status is None and self.chance.random() < self.cancels:
            self._cancel()
        if self.run.state.status is None:
            super()._disturb()

    def _cancel(self) -> None:
        parts = [path for path, scope in self.run.state.scopes.items() if scope.item >= 0]
        path = self.chance.choice([*parts, *(path for path, _ in self._unsettled()), ""])
        self.did["part" if path in parts else "node" if path else "run"] += 1
        self.run.cancel(path, undo=not path and self.chance.random() < 0.5)

    def _of_call(self, path: str, node: NodeState, call: CompiledCall) -> Iterator[Move]:
        yield from super()._of_call(path, node, call)
        is_due = not node.probing and path not in self.run.state.held_attempts
        if node.status == "in_doubt":
            yield lambda: self.run.resolve(path, "retry")
        elif is_due and self.chance.random() < self.fails:
            yield lambda: self.run.end(path, self.chance.choice([BAD, failure()]))

    def _check_once(self) -> None:
        """What is opened again may settle again."""


def meddled(seed: int) -> Counter[str]:
    case = Generator(choices=Random(f"{seed}"), mix=Mix(flowing=0.5)).case()
    meddler = Meddler(
        run=Driven(case.plan, case.inputs),
        outside=Chanced(seed=seed, rejecting=0.3 * (seed % 2)),
        chance=Random(seed),
        recovers=0.05,
        pauses=0.05,
        migrates=0.15,
    )
    meddler.play_on()
    return meddler.did


def test_whatever_persons_do_the_run_is_sound_and_ends():
    did = Counter[str]()
    for seed in range(16):
        did += meddled(seed)
    assert min(did[each] for each in ("part", "node", "run", "opened again")) > 0, did


@pytest.mark.parametrize("seed", CANCELLED)
def test_what_was_cancelled_stays_so_under_another_version(seed: int):
    assert meddled(seed)["node"] > 0


@pytest.mark.parametrize("seed", ASKED_ANEW)
def test_what_broke_its_promise_waits_for_its_gate(seed: int):
    assert meddled(seed)["opened again"] > 0
